//! What can be told of a file before it is parsed: where the bodies of its functions are, and which of them are test code.
//!
//! One pass over the tokens, without a grammar: at the level of items only `mod`, `impl`, `trait` and `fn` are looked at, all
//! else is passed bracket by bracket. [`blanked`] takes bodies out, so that neither tokeniser nor parser sees them.
//!
//! **Invariants:** linear in the text; a body that is told begins behind the `{` and ends before the `}` that the parser
//! would take for its own; what is not understood is not told, so it is parsed; offsets survive blanking. **Absent on
//! purpose:** deciding what need not be read.

use super::comments::{Lexer, Passed, comments};
use crate::base::{Thinned, makes_test};
use std::ops::Range;

/// The body of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FnText {
    /// Its bytes, without the braces.
    pub body: Range<usize>,
    /// Whether it is under `#[cfg(test)]` or has an attribute that makes it a test.
    pub is_test: bool,
    /// Whether it is part of `impl … for …` or of a trait.
    pub of_trait: bool,
    /// Whether it declares items that others may see: functions, types, impls, macros.
    pub has_items: bool,
}

/// The declaration of a module that is another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModText {
    /// Its name.
    pub name: String,
    /// The modules around it that are written in this file, outermost first.
    pub inside: Vec<String>,
    /// Where its file is said to be.
    pub path: Option<String>,
    /// Whether it, or a module around it, is under `#[cfg(test)]`.
    pub is_test: bool,
}

/// Words that begin an item which matters outside the body that it stands in.
const ITEMS: [&str; 9] = ["fn", "impl", "trait", "struct", "enum", "union", "mod", "static", "macro_rules"];

/// Bracketed text that is being passed at the level of items.
enum Level {
    /// The inside of a module, an impl or a trait: items. With the place of the module's name.
    Items { is_test: bool, of_trait: bool, name: Option<Range<usize>> },
    /// Anything else: only its end matters.
    Other,
}

/// What the item at hand is, as far as it was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Head {
    Unknown,
    Module,
    Impl { of_trait: bool },
    Trait,
    Function,
    Plain,
}

struct Skim<'t> {
    text: &'t str,
    lexer: Lexer<'t>,
    levels: Vec<Level>,
    head: Head,
    /// The item at hand is under `#[cfg(test)]`.
    cfg_test: bool,
    /// It has an attribute that makes functions test code.
    named_test: bool,
    /// Where the name of the module at hand stands, and the path that its attribute says.
    name: Option<Range<usize>>,
    path: Option<String>,
    /// The byte of punctuation passed last; 0 after a word.
    last: u8,
    found: Vec<FnText>,
    modules: Vec<ModText>,
}

/// The bodies of the functions of a file, in order. Empty if its brackets do not match.
pub fn functions(text: &str) -> Vec<FnText> {
    skim(text).map(|skimmed| skimmed.functions).unwrap_or_default()
}

/// What one pass over a file tells.
pub struct Skimmed {
    /// The bodies of its functions, in order.
    pub functions: Vec<FnText>,
    /// The modules that it declares and that are other files, in order.
    pub modules: Vec<ModText>,
    /// Its comments and white space, in order; not all of that.
    gaps: Vec<Range<usize>>,
}

/// Passes over a file; nothing if its brackets do not match.
pub fn skim(text: &str) -> Option<Skimmed> {
    let mut skim = Skim {
        text,
        lexer: Lexer::that_notes_gaps(text),
        levels: vec![Level::Items { is_test: false, of_trait: false, name: None }],
        head: Head::Unknown,
        cfg_test: false,
        named_test: false,
        name: None,
        path: None,
        last: 0,
        found: Vec::new(),
        modules: Vec::new(),
    };
    let fits = skim.run() && skim.levels.len() == 1;
    fits.then(|| Skimmed {
        functions: skim.found,
        modules: skim.modules,
        gaps: skim.lexer.gaps.take().unwrap_or_default(),
    })
}

impl Skim<'_> {
    /// Passes the file; whether its brackets match.
    fn run(&mut self) -> bool {
        loop {
            let start = self.lexer.at;
            let Some(passed) = self.lexer.step() else { return true };
            let fits = match passed {
                Passed::Blank => continue,
                Passed::Word => {
                    self.word(start);
                    self.last = 0;
                    continue;
                }
                Passed::Literal | Passed::Number => {
                    self.last = 0;
                    continue;
                }
                Passed::Byte(b) => self.byte(b),
            };
            if !fits {
                return false;
            }
        }
    }

    /// What the innermost level says of its items, if it has any.
    fn items(&self) -> Option<(bool, bool)> {
        match self.levels.last() {
            Some(&Level::Items { is_test, of_trait, .. }) => Some((is_test, of_trait)),
            Some(Level::Other) | None => None,
        }
    }

    fn word(&mut self, start: usize) {
        if self.items().is_none() {
            return;
        }
        let word = &self.text[start..self.lexer.at];
        if self.head == Head::Module {
            // The name behind `r#` is a word of its own.
            let is_raw = |name: &Range<usize>| self.text[name.start..start] == *"r#";
            if self.name.as_ref().is_none_or(is_raw) {
                self.name = Some(start..self.lexer.at);
            }
        }
        self.head = match (self.head, word) {
            (Head::Unknown, "mod") => Head::Module,
            (Head::Unknown, "impl") => Head::Impl { of_trait: false },
            (Head::Unknown, "trait") => Head::Trait,
            // `fn(u8)` is a type.
            (Head::Unknown, "fn") if self.names_follow() => Head::Function,
            (Head::Unknown, "use" | "type" | "static" | "struct" | "enum" | "macro") => Head::Plain,
            // Of `impl<T> X where for<'a> …` too: then it only is read.
            (Head::Impl { .. }, "for") => Head::Impl { of_trait: true },
            (head, _) => head,
        };
    }

    /// Whether a word stands next.
    fn names_follow(&self) -> bool {
        let rest = self.text[self.lexer.at..].trim_start();
        rest.starts_with(|c: char| c == '_' || c.is_alphabetic())
    }

    /// Takes a byte of punctuation; whether it fits.
    fn byte(&mut self, b: u8) -> bool {
        let last = std::mem::replace(&mut self.last, b);
        let Some((is_test, of_trait)) = self.items() else {
            match b {
                b'(' | b'[' | b'{' => self.levels.push(Level::Other),
                b')' | b']' | b'}' => {
                    self.levels.pop();
                    // Braces in a header are a constant's.
                    let in_header = !matches!(self.head, Head::Unknown | Head::Plain);
                    if b == b'}' && self.items().is_some() && !in_header {
                        self.end_item();
                    }
                }
                _ => {}
            }
            return true;
        };
        match b {
            b'[' if last == b'#' || last == b'!' => return self.attribute(last == b'!'),
            b'(' | b'[' => self.levels.push(Level::Other),
            // A constant among generic arguments is no body.
            b'{' if matches!(last, b'<' | b',' | b'=') => self.levels.push(Level::Other),
            b'{' => {
                let is_test = is_test || self.cfg_test;
                match self.head {
                    Head::Module => {
                        let name = self.name.take();
                        self.open(is_test, false, name);
                    }
                    Head::Impl { of_trait } => self.open(is_test, of_trait, None),
                    Head::Trait => self.open(is_test, true, None),
                    Head::Function => return self.body(is_test || self.named_test, of_trait),
                    Head::Unknown | Head::Plain => self.levels.push(Level::Other),
                }
            }
            b'}' => {
                self.levels.pop();
                self.end_item();
                return !self.levels.is_empty();
            }
            b')' | b']' => return false,
            b';' => {
                if self.head == Head::Module {
                    self.declares(is_test || self.cfg_test);
                }
                self.end_item();
            }
            _ => {}
        }
        true
    }

    fn open(&mut self, is_test: bool, of_trait: bool, name: Option<Range<usize>>) {
        self.levels.push(Level::Items { is_test, of_trait, name });
        self.end_item();
    }

    /// Notes the module at hand, which is another file.
    fn declares(&mut self, is_test: bool) {
        let Some(name) = self.name.take() else { return };
        let word = |at: &Range<usize>| self.text[at.clone()].to_owned();
        let around = self.levels.iter().filter_map(|level| match level {
            Level::Items { name, .. } => name.as_ref(),
            Level::Other => None,
        });
        let inside = around.map(word).collect();
        self.modules.push(ModText { name: word(&name), inside, path: self.path.take(), is_test });
    }

    fn end_item(&mut self) {
        self.head = Head::Unknown;
        (self.cfg_test, self.named_test) = (false, false);
        (self.name, self.path) = (None, None);
    }

    /// Passes an attribute whose `[` was passed. One with `!` speaks of what is around.
    fn attribute(&mut self, inner: bool) -> bool {
        let start = self.lexer.at;
        let Some(end) = self.close() else { return false };
        let attribute = self.text[start..end].trim();
        let path = attribute.split('(').next().unwrap_or_default().trim_end();
        match self.levels.last_mut() {
            Some(Level::Items { is_test, .. }) if inner => *is_test |= is_cfg_test(attribute),
            Some(_) | None => {
                self.cfg_test |= is_cfg_test(attribute);
                self.named_test |= path.rsplit("::").next().is_some_and(|name| makes_test(name.trim()));
                if let Some(written) = attribute.strip_prefix("path").map(str::trim_start) {
                    let written = written.strip_prefix('=').map(|w| w.trim().trim_matches('"').to_owned());
                    self.path = written.or(self.path.take());
                }
            }
        }
        true
    }

    /// Passes the body of a function whose `{` was passed.
    fn body(&mut self, is_test: bool, of_trait: bool) -> bool {
        let start = self.lexer.at;
        let mut has_items = false;
        let mut depth = 1usize;
        while depth > 0 {
            let at = self.lexer.at;
            match self.lexer.step() {
                None => return false,
                Some(Passed::Word) => has_items |= ITEMS.contains(&&self.text[at..self.lexer.at]),
                Some(Passed::Byte(b'{' | b'(' | b'[')) => depth += 1,
                Some(Passed::Byte(b'}' | b')' | b']')) => depth -= 1,
                Some(Passed::Byte(_) | Passed::Blank | Passed::Literal | Passed::Number) => {}
            }
        }
        self.found.push(FnText { body: start..self.lexer.at - 1, is_test, of_trait, has_items });
        self.end_item();
        true
    }

    /// Passes everything up to the bracket that closes the one passed last, and tells where that is.
    fn close(&mut self) -> Option<usize> {
        let mut depth = 1usize;
        while depth > 0 {
            match self.lexer.step()? {
                Passed::Byte(b'{' | b'(' | b'[') => depth += 1,
                Passed::Byte(b'}' | b')' | b']') => depth -= 1,
                Passed::Byte(_) | Passed::Word | Passed::Blank | Passed::Literal | Passed::Number => {}
            }
        }
        self.last = b']';
        Some(self.lexer.at - 1)
    }
}

/// Whether an attribute, without its brackets, is `cfg(test)`.
fn is_cfg_test(attribute: &str) -> bool {
    let rest = attribute.strip_prefix("cfg").map(str::trim_start);
    rest.and_then(|r| r.strip_prefix('(')?.strip_suffix(')')).is_some_and(|inner| inner.trim() == "test")
}

/// The text without what says nothing to the parser: comments and white space that hold a line break, of which only the line
/// breaks stay, and these ranges, which are bodies of functions. Columns of what stays are told from where its line begins.
pub fn thinned(text: &str, skimmed: &Skimmed, ranges: &[Range<usize>]) -> (String, Thinned) {
    let mut out = Thin { text, out: String::with_capacity(text.len()), at: 0, thinned: Thinned::default() };
    out.thinned.starts.push(0);
    let mut gaps = skimmed.gaps.iter().peekable();
    for range in ranges {
        while let Some(gap) = gaps.next_if(|gap| gap.start < range.start) {
            out.leave_out_gap(gap);
        }
        while gaps.next_if(|gap| gap.start < range.end).is_some() {}
        if !out.leave_out(range) {
            out.keep(range.start);
            out.out.extend(text[range.clone()].chars().map(|_| ' '));
            out.at = range.end;
        }
    }
    gaps.for_each(|gap| out.leave_out_gap(gap));
    out.keep(text.len());
    (out.out, out.thinned)
}

struct Thin<'t> {
    text: &'t str,
    out: String,
    /// What is before that was taken over or left out.
    at: usize,
    thinned: Thinned,
}

impl Thin<'_> {
    /// Takes over what is before `end`.
    fn keep(&mut self, end: usize) {
        let kept = &self.text[self.at..end];
        self.thinned.starts.extend(kept.match_indices('\n').map(|(i, _)| (self.at + i + 1) as u32));
        self.out.push_str(kept);
        self.at = end;
    }

    /// Leaves out all but the line breaks; whether there are any. Without, nothing is done: what follows stays in its column.
    fn leave_out(&mut self, gap: &Range<usize>) -> bool {
        let breaks = self.text[gap.clone()].bytes().filter(|b| *b == b'\n').count();
        if breaks == 0 {
            return false;
        }
        self.keep(gap.start);
        self.out.extend(std::iter::repeat_n('\n', breaks));
        self.thinned.starts.extend(std::iter::repeat_n(gap.end as u32, breaks));
        self.at = gap.end;
        true
    }

    /// Leaves out comments and white space, unless they hold a comment that documents what is around, or nothing: these are told
    /// of where they must not stand.
    fn leave_out_gap(&mut self, gap: &Range<usize>) {
        let left = &self.text[gap.clone()];
        let has = |comment: &str| left.contains(comment);
        let has_comments = left.bytes().any(|b| b == b'/');
        if has_comments && (has("//!") || has("/*!")) {
            return;
        }
        let docs = has_comments && (has("///") || has("/**"));
        let doc = docs.then(|| comments(left).into_iter().find(|comment| comment.is_doc(left))).flatten();
        if doc.is_some() && matches!(self.text.as_bytes().get(gap.end), None | Some(b'}' | b')' | b']')) {
            return;
        }
        if self.leave_out(gap) {
            self.thinned.docs.extend(doc.map(|doc| (gap.end as u32, (gap.start + doc.range.start) as u32)));
        }
    }
}

/// The text with these ranges replaced by spaces, byte for byte; line breaks stay.
pub fn blanked(text: &str, ranges: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        out.push_str(&text[at..range.start]);
        for line in text[range.clone()].split_inclusive('\n') {
            let (body, end) = line.strip_suffix('\n').map_or((line, ""), |body| (body, "\n"));
            out.extend(std::iter::repeat_n(' ', body.len()));
            out.push_str(end);
        }
        at = range.end;
    }
    out.push_str(&text[at..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of each function: the text of its body, and `t` for test code, `i` for a trait's, `n` for items inside.
    fn told(text: &str) -> Vec<String> {
        let tell = |f: &FnText| {
            let marks = [(f.is_test, 't'), (f.of_trait, 'i'), (f.has_items, 'n')];
            let marks: String = marks.iter().filter(|m| m.0).map(|m| m.1).collect();
            format!("{}{marks}", text[f.body.clone()].trim())
        };
        functions(text).iter().map(tell).collect()
    }

    #[test]
    fn bodies_are_found_with_what_is_around_them() {
        let text = r##"
            #![doc = "}"]
            const A: fn() -> u8 = || { 1 };
            fn a(f: fn(u8) -> u8, s: [u8; { 3 }]) -> Foo<{ 4 }, { N }> where T: X<'a> { f('{') }
            pub(crate) const unsafe extern "C" fn b<const N: usize = { 7 }>() { "}" }
            static B: S = S { f: c };
            type F = fn(u8) -> u8;
            struct S { f: fn() }
            impl<T> S { pub async fn c(&self) { struct X; } }
            impl<T> Tr for S { fn d(&self) { x } const C: u8 = { 1 }; }
            trait Tr { fn e(); fn f() { y } }
            macro_rules! m { (fn g() {}) => { fn h() {} } }
            m! { fn i() { } }
            #[cfg(test)] mod tests { fn j() { r#"}"# } #[tokio::test(flavor = "x")] fn k() {} impl Tr for Y { fn l() { 1 } } }
            #[test] fn m() { 2 }
            #[a::test] impl S { fn q(&self) { 6 } }
            #[cfg(not(test))] fn n() { /* } */ 3 }
            mod r#impl { #![cfg(test)] fn o() { 4 } }
            fn p() { 5 }
        "##;
        let found = told(text);
        let want =
            ["f('{')", "\"}\"", "struct X;n", "xi", "yi", "r#\"}\"#t", "t", "1ti", "2t", "6", "/* } */ 3", "4t", "5"];
        assert_eq!(found, want);
    }

    #[test]
    fn modules_that_are_other_files_are_told() {
        let text = r##"
            mod a; pub(crate) mod b { mod c; } mod r#use;
            #[cfg(test)] mod d;
            #[cfg(test)] mod e { #[path = "g.rs"] mod f; fn h() { mod i; } }
            #[path = "j.rs"] mod k {}
            mod l;
            m! { mod n; }
        "##;
        let tell = |m: &ModText| {
            let path = m.path.as_ref().map(|p| format!("={p}")).unwrap_or_default();
            let name = m.inside.iter().chain([&m.name]).cloned().collect::<Vec<_>>().join("::");
            format!("{name}{path}{}", if m.is_test { " t" } else { "" })
        };
        let found: Vec<String> = skim(text).expect("its brackets match").modules.iter().map(tell).collect();
        assert_eq!(found, ["a", "b::c", "use", "d t", "e::f=g.rs t", "l"]);
    }

    #[test]
    fn what_is_left_out_leaves_the_places_of_the_rest() {
        let text = "// ä\nfn a() {\n    // b\n    c(\"d\n    e\"); /* f */ g }\n\n/// h\n/// i\n  fn ä() { ä } fn j() {}\n// k";
        let skimmed = skim(text).expect("its brackets match");
        let body = skimmed.functions[1].body.clone();
        let (thin, thinned) = thinned(text, &skimmed, std::slice::from_ref(&body));
        assert_eq!(thin, "\nfn a() {\n\nc(\"d\n    e\"); /* f */ g }\n\n\n\nfn ä() {   } fn j() {}\n");
        for (line, start) in thin.lines().zip(&thinned.starts).filter(|(line, _)| !line.is_empty()) {
            let whole = &text[*start as usize..];
            assert!(whole.starts_with(&line[..3.min(line.len())]), "{line}");
        }
        let second = text.find("fn ä").expect("it is there") as u32;
        assert_eq!(thinned.docs_before(second) as usize, text.find("/// h").expect("it is there"));
    }

    #[test]
    fn of_text_whose_brackets_do_not_match_nothing_is_told() {
        for text in ["fn a() { ( }", "fn a() {}} fn b() {}", "fn a() {} fn b() {", ") fn a() {}", "#[", "mod a {"] {
            assert_eq!(told(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn blanking_keeps_offsets_and_lines() {
        let text = "fn a() { ä\r\n \"}\" }\nfn b() {}";
        let ranges: Vec<_> = functions(text).into_iter().map(|f| f.body).collect();
        let blank = blanked(text, &ranges);
        assert_eq!(blank, "fn a() {    \n     }\nfn b() {}");
        assert_eq!(blank.len(), text.len());
    }
}
