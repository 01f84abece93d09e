//! Type expressions: `Result<sqlx::PoolConnection<DB>>` as written in a pack to a [`TypeExpr`].
//!
//! The notation is Rust's without lifetimes, plus `$n`, `$turbofish`, `_` and the postfixes `.out`, `.await`, `.item`, `.ok`.
//!
//! **Invariant:** short names of std (`Option`) and its other roots (`core::`, `alloc::`) come out as canonical `std::` paths;
//! a single name is a parameter in scope, a short name, a primitive, or an error.

use super::schema::TypeExpr;
use super::words::{PRIMITIVES, SHORT_TYPES, nearest};
use crate::base::Symbol;

/// What is wrong with a type expression, and at which byte of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeError {
    /// Byte offset into the expression.
    pub at: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// Parses `text`; `params` are the type parameters in scope.
pub fn parse(text: &str, params: &[Symbol]) -> Result<TypeExpr, TypeError> {
    let mut parser = Parser { text, at: 0, params };
    let ty = parser.ty()?;
    parser.space();
    match parser.rest().chars().next() {
        None => Ok(ty),
        Some(c) => Err(parser.error(format!("`{c}` is not expected here; a type expression ends before it"))),
    }
}

/// A path of identifiers joined by `::`, with an optional `!` or `*` at its end when the caller allows them.
pub fn is_path(text: &str) -> bool {
    !text.is_empty() && text.split("::").all(is_ident)
}

/// Whether `text` is an identifier.
pub fn is_ident(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_') && chars.all(|c| c.is_alphanumeric() || c == '_')
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    params: &'a [Symbol],
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }
    fn eat(&mut self, token: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }
    fn expect(&mut self, token: &str, after: &str) -> Result<(), TypeError> {
        if self.eat(token) { Ok(()) } else { Err(self.error(format!("`{token}` is missing after {after}"))) }
    }
    fn error(&self, message: String) -> TypeError {
        TypeError { at: self.at, message }
    }
    fn ident(&mut self) -> Option<&'a str> {
        self.space();
        let rest = self.rest();
        let len = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let word = &rest[..len];
        if !is_ident(word) {
            return None;
        }
        self.at += len;
        Some(word)
    }

    fn ty(&mut self) -> Result<TypeExpr, TypeError> {
        self.space();
        if self.eat("&") {
            if self.rest().trim_start().starts_with('\'') {
                return Err(self.error("lifetimes do not exist in packs; leave them out".into()));
            }
            let mutable = self.word("mut");
            return Ok(TypeExpr::Ref(mutable, Box::new(self.ty()?)));
        }
        if self.eat("(") {
            let parts = self.list(")")?;
            return self.postfix(TypeExpr::Tuple(parts));
        }
        if self.eat("$") {
            let base = self.dollar()?;
            return self.postfix(base);
        }
        let start = self.at;
        let Some(first) = self.ident() else {
            let found = self.rest().chars().next().map_or("the end".to_owned(), |c| format!("`{c}`"));
            return Err(
                self.error(format!("a type is expected, found {found}; write a path, `&T`, `(A, B)`, `$0` or `_`"))
            );
        };
        if first == "_" {
            return Ok(TypeExpr::Unknown);
        }
        let mut segments = vec![first];
        while self.eat("::") {
            match self.ident() {
                Some(segment) => segments.push(segment),
                None => return Err(self.error("a name is expected after `::`".into())),
            }
        }
        let args = if self.eat("<") { self.list(">")? } else { Vec::new() };
        let base = self.path(start, &segments, args)?;
        self.postfix(base)
    }

    fn word(&mut self, word: &str) -> bool {
        let before = self.at;
        if self.ident() == Some(word) {
            return true;
        }
        self.at = before;
        false
    }

    fn list(&mut self, close: &str) -> Result<Vec<TypeExpr>, TypeError> {
        let mut items = Vec::new();
        loop {
            if self.eat(close) {
                return Ok(items);
            }
            items.push(self.ty()?);
            if !self.eat(",") {
                self.expect(close, "the last type of a list")?;
                return Ok(items);
            }
        }
    }

    fn dollar(&mut self) -> Result<TypeExpr, TypeError> {
        let rest = self.rest();
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        if digits > 0 {
            let n: usize = rest[..digits].parse().map_err(|_| self.error("an argument number is too large".into()))?;
            if n > 15 {
                return Err(self.error(format!("`${n}`: no call has so many arguments")));
            }
            self.at += digits;
            return Ok(TypeExpr::Arg(n));
        }
        if self.word("turbofish") {
            return Ok(TypeExpr::Turbofish);
        }
        Err(self.error("after `$` comes an argument's number or `turbofish`".into()))
    }

    fn postfix(&mut self, mut base: TypeExpr) -> Result<TypeExpr, TypeError> {
        while self.eat(".") {
            let at = self.at;
            let word = self.ident().unwrap_or("");
            base = match (word, base) {
                ("out", TypeExpr::Arg(n)) => TypeExpr::ArgOut(n),
                ("await", TypeExpr::Arg(n)) => TypeExpr::ArgAwait(n),
                ("await", base) => TypeExpr::Await(Box::new(base)),
                ("item", base) => TypeExpr::Item(Box::new(base)),
                ("ok", base) => TypeExpr::Ok(Box::new(base)),
                ("out", _) => {
                    return Err(TypeError { at, message: "`.out` follows an argument only: `$1.out`".into() });
                }
                _ => {
                    let message = format!("`.{word}` is unknown; write `.out`, `.await`, `.item` or `.ok`");
                    return Err(TypeError { at, message });
                }
            };
        }
        Ok(base)
    }

    fn path(&self, at: usize, segments: &[&str], args: Vec<TypeExpr>) -> Result<TypeExpr, TypeError> {
        let fail = |message: String| Err(TypeError { at, message });
        if let [name] = segments {
            let symbol = Symbol::new(name);
            if self.params.contains(&symbol) {
                return if args.is_empty() {
                    Ok(TypeExpr::Param(symbol))
                } else {
                    fail(format!("`{name}` is a type parameter and takes no arguments"))
                };
            }
            if *name == "Self" {
                return Ok(TypeExpr::SelfType);
            }
            if *name == "Future" {
                return future(args).or_else(fail);
            }
            if let Some((_, path)) = SHORT_TYPES.iter().find(|(short, _)| short == name) {
                return Ok(TypeExpr::Path(Symbol::new(path), args));
            }
            if PRIMITIVES.contains(name) {
                return Ok(TypeExpr::Path(symbol, args));
            }
            let known =
                self.params.iter().map(|p| p.as_str()).chain(SHORT_TYPES.iter().map(|s| s.0)).chain(["Future", "Self"]);
            return match nearest(name, known) {
                Some(near) => {
                    fail(format!("`{name}` is no type parameter in scope and no short name; did you mean `{near}`?"))
                }
                None => fail(format!("`{name}` is no type parameter in scope and no short name; write its whole path")),
            };
        }
        if let [param, name] = segments {
            let symbol = Symbol::new(param);
            if self.params.contains(&symbol) {
                return Ok(TypeExpr::Assoc(Box::new(TypeExpr::Param(symbol)), Symbol::new(name)));
            }
        }
        let joined = fold_std(&segments.join("::"));
        if joined == "std::future::Future" {
            return future(args).or_else(fail);
        }
        Ok(TypeExpr::Path(Symbol::new(&joined), args))
    }
}

fn future(mut args: Vec<TypeExpr>) -> Result<TypeExpr, String> {
    match (args.pop(), args.is_empty()) {
        (Some(out), true) => Ok(TypeExpr::Future(Box::new(out))),
        _ => Err("`Future` takes one argument, what awaiting it gives: `Future<T>`".into()),
    }
}

/// `core::` and `alloc::` paths as `std::` ones.
pub fn fold_std(path: &str) -> String {
    match path.split_once("::") {
        Some(("core" | "alloc", rest)) => format!("std::{rest}"),
        _ => path.to_owned(),
    }
}

/// Calls `visit` for every path that the expression names.
pub fn visit_paths(ty: &TypeExpr, visit: &mut impl FnMut(Symbol)) {
    match ty {
        TypeExpr::Path(path, args) => {
            visit(*path);
            args.iter().for_each(|a| visit_paths(a, visit));
        }
        TypeExpr::Tuple(parts) => parts.iter().for_each(|a| visit_paths(a, visit)),
        TypeExpr::Assoc(inner, _)
        | TypeExpr::Ref(_, inner)
        | TypeExpr::Future(inner)
        | TypeExpr::Await(inner)
        | TypeExpr::Item(inner)
        | TypeExpr::Ok(inner) => visit_paths(inner, visit),
        TypeExpr::Param(_)
        | TypeExpr::Arg(_)
        | TypeExpr::ArgOut(_)
        | TypeExpr::ArgAwait(_)
        | TypeExpr::Turbofish
        | TypeExpr::SelfType
        | TypeExpr::Unknown => {}
    }
}

/// The expression as it is written in a pack, with canonical paths.
pub fn print(ty: &TypeExpr) -> String {
    let list = |items: &[TypeExpr]| items.iter().map(print).collect::<Vec<_>>().join(", ");
    match ty {
        TypeExpr::Path(path, args) if args.is_empty() => path.to_string(),
        TypeExpr::Path(path, args) => format!("{path}<{}>", list(args)),
        TypeExpr::Param(name) => name.to_string(),
        TypeExpr::Assoc(of, name) => format!("{}::{name}", print(of)),
        TypeExpr::Ref(false, inner) => format!("&{}", print(inner)),
        TypeExpr::Ref(true, inner) => format!("&mut {}", print(inner)),
        TypeExpr::Tuple(parts) => format!("({})", list(parts)),
        TypeExpr::Arg(n) => format!("${n}"),
        TypeExpr::ArgOut(n) => format!("${n}.out"),
        TypeExpr::ArgAwait(n) => format!("${n}.await"),
        TypeExpr::Turbofish => "$turbofish".into(),
        TypeExpr::SelfType => "Self".into(),
        TypeExpr::Future(inner) => format!("Future<{}>", print(inner)),
        TypeExpr::Await(inner) => format!("{}.await", print(inner)),
        TypeExpr::Item(inner) => format!("{}.item", print(inner)),
        TypeExpr::Ok(inner) => format!("{}.ok", print(inner)),
        TypeExpr::Unknown => "_".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(text: &str) -> String {
        match parse(text, &["DB".into(), "M".into()]) {
            Ok(ty) => print(&ty),
            Err(e) => format!("{}: {}", e.at, e.message),
        }
    }

    #[test]
    fn short_names_expand_and_the_rest_prints_as_written() {
        assert_eq!(round("Result<a::Guard<DB>>"), "std::result::Result<a::Guard<DB>>");
        assert_eq!(round("core::option::Option< M :: Type >"), "std::option::Option<M::Type>");
        assert_eq!(round("&mut (a::B, _)"), "&mut (a::B, _)");
        assert_eq!(round("Future<$1.out.await>"), "Future<$1.out.await>");
        assert_eq!(round("Option<$0.item.ok>"), "std::option::Option<$0.item.ok>");
        assert_eq!(round("()"), "()");
        assert_eq!(round("std::future::Future<Self>"), "Future<Self>");
        assert_eq!(round("$turbofish"), "$turbofish");
    }

    #[test]
    fn errors_say_what_to_write() {
        assert_eq!(
            round("Optoin<DB>"),
            "0: `Optoin` is no type parameter in scope and no short name; did you mean `Option`?"
        );
        assert_eq!(round("Result<>x"), "8: `x` is not expected here; a type expression ends before it");
        assert_eq!(round("Result<DB"), "9: `>` is missing after the last type of a list");
        assert_eq!(round("&'a DB"), "1: lifetimes do not exist in packs; leave them out");
        assert_eq!(round("$1.outt"), "3: `.outt` is unknown; write `.out`, `.await`, `.item` or `.ok`");
        assert_eq!(round("Future"), "0: `Future` takes one argument, what awaiting it gives: `Future<T>`");
        assert_eq!(round("$x"), "1: after `$` comes an argument's number or `turbofish`");
        assert_eq!(round(""), "0: a type is expected, found the end; write a path, `&T`, `(A, B)`, `$0` or `_`");
    }
}
