//! Refuses text that would exhaust the stack or the clock before anything parses it: `syn` recurses as deep as code nests,
//! an overflow cannot be caught, and a number of a million digits takes minutes.
//!
//! Owns an upper bound of the nesting, from one pass over the tokens: brackets, generics, and what nests without brackets
//! (prefix operators, assignments, closures, `else`, arrows, paths of `use`).
//!
//! **Invariants:** linear in the text; what people write is far below the bound, and text that is below it can be parsed on a
//! thread of the pipeline in a debug build. **Absent on purpose:** grammar; unbalanced text is for the parser to tell.

use super::ParseError;
use super::comments::{Lexer, Passed};

/// What a level of brackets or generics costs of [`BUDGET`].
const BRACKET: usize = 4;
/// What the parser's stack is good for: 3,000 levels of brackets.
const BUDGET: usize = 12_000;
/// Longest number in bytes.
const NUMBER: usize = 10_000;

/// What stands open in one bracket.
#[derive(Default)]
struct Group {
    /// What stood open outside when it opened, itself included.
    charged: usize,
    /// Angle brackets that are open.
    angles: usize,
    /// What nests to the right until the next `;` or `,`.
    chain: usize,
    /// The same for closures, whose parameters have commas, until the next `;` or arm.
    bars: usize,
    /// The same for `->`, until a block or `;`.
    arrows: usize,
}

impl Group {
    fn cost(&self) -> usize {
        self.angles * BRACKET + self.chain + self.bars * 2 + self.arrows * BRACKET
    }
}

struct Bounds {
    open: Vec<Group>,
    /// The cost of all open brackets, and of what stood open outside each.
    outer: usize,
    /// Prefix operators and keywords since the last operand.
    run: usize,
    /// Segments of the path at hand.
    path: usize,
    /// Whether the last token can be the left side of an operator.
    after_operand: bool,
}

/// The error of a text that cannot be parsed within bounds.
pub fn check(text: &str) -> Result<(), ParseError> {
    let mut lexer = Lexer::new(text);
    let mut bounds = Bounds { open: vec![Group::default()], outer: 0, run: 0, path: 0, after_operand: false };
    loop {
        let start = lexer.at;
        let Some(passed) = lexer.step() else { return Ok(()) };
        match passed {
            Passed::Blank => continue,
            Passed::Word => bounds.word(&text[start..lexer.at]),
            Passed::Literal => bounds.operand(),
            Passed::Number if lexer.at - start > NUMBER => {
                return Err(error(text, start, format!("a number has more than {NUMBER} digits")));
            }
            Passed::Number => bounds.operand(),
            Passed::Byte(b) => {
                let next = lexer.peek(0);
                lexer.at += bounds.punct(b, next);
            }
        }
        if bounds.cost() > BUDGET {
            return Err(error(text, start, format!("it nests deeper than {} levels here", BUDGET / BRACKET)));
        }
    }
}

fn error(text: &str, at: usize, message: String) -> ParseError {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    let line = before.bytes().filter(|&b| b == b'\n').count() + 1;
    ParseError { line, column: before[line_start..].chars().count() + 1, message }
}

impl Bounds {
    fn cost(&self) -> usize {
        let last = self.open.last().map_or(0, Group::cost);
        self.outer + last + self.run + self.path
    }

    fn last(&mut self) -> &mut Group {
        if self.open.is_empty() {
            self.open.push(Group::default());
        }
        let last = self.open.len() - 1;
        &mut self.open[last]
    }

    fn operand(&mut self) {
        self.run = 0;
        self.path = 0;
        self.after_operand = true;
    }

    fn prefix(&mut self) {
        self.run += 1;
        self.path = 0;
        self.after_operand = false;
    }

    fn binary(&mut self) {
        self.run = 0;
        self.path = 0;
        self.after_operand = false;
    }

    fn word(&mut self, word: &str) {
        match word {
            "else" => {
                self.last().chain += 1;
                self.binary();
            }
            "return" | "break" | "yield" | "move" | "async" | "unsafe" | "const" | "mut" | "ref" | "dyn" | "impl"
            | "if" | "while" | "match" | "in" | "let" | "for" | "box" | "static" | "where" | "as" | "raw" | "try" => {
                self.prefix();
            }
            _ => {
                let path = self.path;
                self.operand();
                self.path = path;
            }
        }
    }

    /// Takes a punctuation byte; answers how many bytes after it belong to it.
    fn punct(&mut self, b: u8, next: u8) -> usize {
        let after_operand = self.after_operand;
        match (b, next) {
            (b'(' | b'[' | b'{', _) => {
                let charged = self.last().cost() + self.run + BRACKET;
                self.outer += charged;
                self.open.push(Group { charged, ..Group::default() });
                self.binary();
                return 0;
            }
            (b')' | b']' | b'}', _) => {
                if let Some(group) = self.open.pop() {
                    self.outer -= group.charged;
                }
                if b == b'}' {
                    self.last().arrows = 0;
                }
                self.operand();
                return 0;
            }
            (b';', _) => {
                let group = self.last();
                *group = Group { charged: group.charged, ..Group::default() };
            }
            (b',', _) => {
                let group = self.last();
                group.chain = 0;
                if group.angles == 0 {
                    group.arrows = 0;
                }
            }
            (b'=', b'>') => {
                let group = self.last();
                (group.angles, group.chain, group.bars) = (0, 0, 0);
                self.binary();
                return 1;
            }
            (b'=' | b'!' | b'<' | b'>', b'=') if after_operand => {
                self.binary();
                return 1;
            }
            (b'=', _) => self.last().chain += 1,
            (b'-', b'>') => {
                self.last().arrows += 1;
                self.binary();
                return 1;
            }
            (b':', b':') => {
                // Only trees of `use` recurse along a path; elsewhere a path is a list.
                self.path += 1;
                self.run = 0;
                self.after_operand = false;
                return 1;
            }
            // A closure, or one more alternative; `a | b` is neither.
            (b'|', b'|') => {
                self.last().bars += 1;
                self.binary();
                return 1;
            }
            (b'|', _) if !after_operand => {
                self.last().bars += 1;
            }
            // A shift or a comparison with a number is no generic.
            (b'<', b) if b.is_ascii_digit() || b == b'<' && after_operand => {
                self.binary();
                return usize::from(b == b'<');
            }
            (b'<', _) => self.last().angles += 1,
            (b'>', _) => {
                let group = self.last();
                group.angles = group.angles.saturating_sub(1);
                self.operand();
                return 0;
            }
            // Postfix.
            (b'?' | b'.', _) if after_operand => {
                self.path = 0;
                return 0;
            }
            (b'!' | b'-' | b'*' | b'&' | b'.' | b'#' | b'@', _) if !after_operand => {
                self.prefix();
                return 0;
            }
            _ => {}
        }
        self.binary();
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_within_bounds() {
        let many = |part: &str| part.repeat(20_000);
        for text in [
            many("fn f() -> u8 { if a < b && !c || -d > *e { x = 1; } else { y } }\n"),
            format!("const T: [u32; 9] = [{}];", many("1 << 3, a << 4, ")),
            format!("fn f() {{ match x {{ {} }} }}", many("Some(a) if a < b => { x = y }, 1 | 2 => 3, ")),
            format!("fn f() {{ a{}; }}", many(".b()?.c[0].await")),
            format!("fn f() {{ a{}; }}", many(" + b * -c")),
            format!("enum E {{ {} }}", many("A(Vec<u8>) = 3, ")),
            format!("struct S<T>({});", many("Vec<HashMap<T, Option<Box<dyn Fn(T) -> T>>>>, ")),
            format!("fn f() {{ m! {{ {} }} }}", many("a => b; ")),
        ] {
            assert_eq!(check(&text), Ok(()), "{}", &text[..60]);
        }
    }

    #[test]
    fn what_nests_is_told_with_its_place() {
        let deep = |open: &str| format!("fn f() {{\n  {}", open.repeat(13_000));
        for open in [
            "(",
            "[",
            "{",
            "!",
            "&",
            "- ",
            "a = ",
            "|a| ",
            "|| ",
            "return ",
            "Vec<",
            "f(",
            "async {",
            "-> ",
            "a::",
            "if a {} else ",
            "x! {",
            "|a, b| ",
        ] {
            let error = check(&deep(open)).expect_err(open);
            assert!(error.line == 2 && error.message.contains("nests deeper"), "{open}: {error}");
        }
        let error = check(&format!("const N: u8 = {};", "1".repeat(20_000))).expect_err("a long number");
        assert_eq!((error.line, error.column), (1, 15));
    }

    #[test]
    fn unbalanced_text_is_left_to_the_parser() {
        for text in ["}}}}", "((", "<<<", ">>>>", "fn f(} ) {", ""] {
            assert_eq!(check(text), Ok(()));
        }
    }
}
