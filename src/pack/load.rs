//! TOML text to [`Pack`]: strict validation, every error with line, column and what to write instead.
//!
//! **Invariants:** all errors of a file are told, not only the first; a row with an error is left out of the pack, so a pack
//! holds only valid rows; keys, words and effects are those of [`super::words`] and no others. **Absent on purpose:** what one
//! pack cannot know of another (duplicate paths, unknown roots): the catalog checks that.

use super::reader::{PackError, Reader, Row, Text, name, word};
use super::schema::*;
use super::type_expr::{self, fold_std, is_path};
use super::words::{self, keys};
use crate::base::{Confidence, Symbol};
use std::collections::HashMap;
use toml::de::DeTable;

/// Reads a pack of the `rules/` folder. `id` is the file's stem, `origin` what messages call the file.
pub fn load(id: &str, origin: &str, text: &str) -> (Pack, Vec<PackError>) {
    read(id, origin, text, false)
}

/// Reads the rows that a project gives in its own configuration: the tables of a pack without `[pack]`, about any crate.
/// Other top-level keys are the configuration's own and are passed over.
pub fn load_project(origin: &str, text: &str) -> (Pack, Vec<PackError>) {
    read("project", origin, text, true)
}

/// Only the head of a pack of the `rules/` folder: which packages activate it, which roots it knows.
pub fn head(id: &str, text: &str) -> Pack {
    let start = text.find("[pack]").unwrap_or(0);
    let end = text[start..].find("\n[").map_or(text.len(), |at| start + at);
    read(id, id, &text[..end], false).0
}

fn read(id: &str, origin: &str, text: &str, project: bool) -> (Pack, Vec<PackError>) {
    let mut reader = Reader::new(origin, text);
    let (table, syntax) = DeTable::parse_recoverable(text);
    for error in &syntax {
        reader.error(&error.span().unwrap_or(0..0), error.message().to_owned());
    }
    let pack = Pack { id: id.to_owned(), origin: origin.to_owned(), ..Pack::default() };
    let root = Row::root(&table, "a pack");
    let mut loader = Loader { reader, pack, project, params: HashMap::new() };
    // A broken file gives nonsense beyond its syntax errors; one kind of message at a time.
    if syntax.is_empty() {
        loader.file(&root);
    }
    (loader.pack, loader.reader.finish())
}

struct Loader {
    reader: Reader,
    pack: Pack,
    project: bool,
    /// Type parameters of the file's own types.
    params: HashMap<Symbol, Vec<Symbol>>,
}

impl Loader {
    fn file(&mut self, root: &Row<'_>) {
        if !self.project {
            self.reader.known_keys(root, &[keys::FILE]);
            match self.reader.table(root, "pack", "[pack]") {
                Some(row) => self.head(&row),
                None => self.reader.error(&(0..0), "a pack starts with `[pack]`"),
            }
        }
        let types = self.reader.rows(root, "type", "[[type]]");
        for row in &types {
            self.type_params(row);
        }
        for row in &types {
            self.type_row(row);
        }
        if let Some(row) = self.reader.table(root, "alias", "[alias]") {
            self.aliases(&row);
        }
        if let Some(row) = self.reader.table(root, "assoc", "[assoc]") {
            self.assocs(&row);
        }
        for row in self.reader.rows(root, "trait", "[[trait]]") {
            self.trait_row(&row);
        }
        for row in self.reader.rows(root, "fn", "[[fn]]") {
            self.fn_rows(&row);
        }
        for row in self.reader.rows(root, "crate", "[[crate]]") {
            self.crate_rows(&row);
        }
        for row in self.reader.rows(root, "macro", "[[macro]]") {
            self.macro_rows(&row);
        }
        for row in self.reader.rows(root, "derive", "[[derive]]") {
            self.derive_rows(&row);
        }
    }

    fn head(&mut self, row: &Row<'_>) {
        self.reader.known_keys(row, &[keys::PACK]);
        self.pack.packages = self.reader.texts(row, "packages").iter().map(|t| t.value.to_owned()).collect();
        for root in self.reader.texts(row, "roots") {
            if let Some(root) = name(&mut self.reader, &root, "a root (the lib name of a crate)") {
                self.pack.roots.push(root);
            }
        }
        self.pack.separate = self.reader.flag(row, "separate");
        self.pack.tested = self.reader.text(row, "tested").map_or_else(String::new, |t| t.value.to_owned());
        self.pack.experimental = self.reader.flag(row, "experimental");
    }

    /// A path of this pack: canonical root, at least `min` segments.
    fn path(&mut self, text: &Text<'_>, what: &str, min: usize) -> Option<Symbol> {
        let path = fold_std(text.value);
        if path != text.value {
            self.reader.error(&text.span, format!("{what} of std starts with `std::`; write `{path}`"));
            return None;
        }
        if !is_path(&path) {
            let message = format!("{what} is names joined by `::`, without arguments; `{path}` is not");
            self.reader.error(&text.span, message);
            return None;
        }
        if path.split("::").count() < min {
            let root = self.pack.roots.first().map_or("crate_name", |r| r.as_str());
            self.reader.error(&text.span, format!("{what} starts with the crate: `{root}::{path}`"));
            return None;
        }
        self.own_root(text, 0, &path).then(|| Symbol::new(&path))
    }

    /// Whether the path starts with the pack's canonical root; says so if not.
    fn own_root(&mut self, text: &Text<'_>, offset: usize, path: &str) -> bool {
        let root = path.split("::").next().unwrap_or(path);
        let Some(first) = self.pack.roots.first() else {
            if !self.project {
                self.reader.error_in(
                    text,
                    offset,
                    format!("`{path}`: a pack with paths needs `roots = [\"{root}\"]` in [pack]"),
                );
            }
            return self.project;
        };
        if root == first.as_str() || (self.pack.separate && self.pack.roots.iter().any(|r| r.as_str() == root)) {
            return true;
        }
        let rest = path.get(root.len()..).unwrap_or("");
        let message = if self.pack.roots.iter().any(|r| r.as_str() == root) {
            format!("`{root}` folds onto `{first}`; write `{first}{rest}`")
        } else {
            format!("`{path}` is not below this pack's root `{first}`; its rows belong into the pack of `{root}`")
        };
        self.reader.error_in(text, offset, message);
        false
    }

    fn type_expr(&mut self, text: &Text<'_>, params: &[Symbol]) -> Option<TypeExpr> {
        let ty = match type_expr::parse(text.value, params) {
            Ok(ty) => ty,
            Err(e) => {
                self.reader.error_in(text, e.at, e.message);
                return None;
            }
        };
        let mut folded = Vec::new();
        type_expr::visit_paths(&ty, &mut |path| {
            let root = path.as_str().split("::").next().unwrap_or("");
            if !self.pack.separate && self.pack.roots.iter().skip(1).any(|r| r.as_str() == root) {
                folded.push((path, root.to_owned()));
            }
        });
        for (path, root) in &folded {
            let at = text.value.find(root.as_str()).unwrap_or(0);
            self.own_root(text, at, path.as_str());
        }
        folded.is_empty().then_some(ty)
    }

    fn type_at(&mut self, row: &Row<'_>, key: &str, params: &[Symbol]) -> Option<TypeExpr> {
        let text = self.reader.text(row, key)?;
        self.type_expr(&text, params)
    }

    /// Remembers where a row is; says so if its path already has one.
    fn place(&mut self, path: Symbol, table: &'static str, span: &std::ops::Range<usize>) -> bool {
        let line = self.reader.line(span);
        match self.pack.lines.get(&(table, path)) {
            Some(before) => {
                self.reader.error(span, format!("`{path}` already has a row at line {before}; keep one {table}"));
                false
            }
            None => {
                self.pack.lines.insert((table, path), line);
                true
            }
        }
    }

    fn waits(&mut self, row: &Row<'_>) -> Option<WaitRow> {
        let text = self.reader.text(row, "waits")?;
        let (kind, confidence) = text.value.split_once(':').map_or((text.value, None), |(k, c)| (k, Some(c)));
        let kind_text = Text { value: kind, span: text.span.clone() };
        let default = word(&mut self.reader, &kind_text, "kind of wait", words::WAITS)?;
        let confidence = match confidence {
            None => default,
            Some(c) => {
                let known = [("high", Confidence::High), ("medium", Confidence::Medium), ("low", Confidence::Low)];
                word(&mut self.reader, &Text { value: c, span: text.span.clone() }, "confidence", &known)?
            }
        };
        Some(WaitRow { kind: Symbol::new(kind), confidence })
    }

    fn patience(&mut self, row: &Row<'_>) -> Option<Patience> {
        let text = self.reader.text(row, "wait")?;
        let seconds = text.value.strip_suffix('s').and_then(|n| n.parse().ok());
        match (text.value, seconds) {
            ("forever", _) => Some(Patience::Forever),
            ("never", _) => Some(Patience::Never),
            (_, Some(n)) => Some(Patience::Seconds(n)),
            (other, None) => {
                let message = format!("`wait` is \"forever\", \"never\" or seconds such as \"30s\", not `{other}`");
                self.reader.error(&text.span, message);
                None
            }
        }
    }

    fn type_params(&mut self, row: &Row<'_>) {
        let Some(path) = self.reader.text(row, "path") else { return };
        let names = self.reader.texts(row, "params").iter().map(|p| Symbol::new(param_name(p.value))).collect();
        self.params.insert(Symbol::new(path.value), names);
    }

    fn type_row(&mut self, row: &Row<'_>) {
        self.reader.known_keys(row, &[keys::TYPE]);
        let path = self.reader.required(row, "path").and_then(|t| Some((self.path(&t, "a type's path", 2)?, t)));
        let kind = self.reader.required(row, "kind").and_then(|t| word(&mut self.reader, &t, "kind", words::KINDS));
        let names = path.as_ref().and_then(|(p, _)| self.params.get(p).cloned()).unwrap_or_default();
        let mut params = Vec::new();
        for param in self.reader.texts(row, "params") {
            let head = param_name(param.value);
            let Some(symbol) =
                name(&mut self.reader, &Text { value: head, span: param.span.clone() }, "a type parameter")
            else {
                continue;
            };
            let default = param.value.split_once('=').and_then(|(_, default)| {
                let text = Text { value: default.trim(), span: param.span.clone() };
                self.type_expr(&text, &names)
            });
            params.push((symbol, default));
        }
        let deref = self.type_at(row, "deref", &names);
        let item = self.type_at(row, "item", &names);
        let awaits = self.type_at(row, "awaits", &names);
        let waits = self.waits(row);
        let implements = self.reader.texts(row, "implements");
        let implements = implements.iter().filter_map(|t| self.foreign_path(t, "a trait's path")).collect();
        let on_drop = self.reader.text(row, "drop").and_then(|t| word(&mut self.reader, &t, "drop", words::DROPS));
        let must_end = self.reader.texts(row, "must_end").iter().map(|t| t.value.to_owned()).collect();
        let patience = self.patience(row);
        let size = self.reader.number(row, "size");
        let settings = self.settings(row);
        let noun = self.reader.text(row, "noun").map(|t| t.value.to_owned());
        let long_lived = self.reader.flag(row, "long_lived");
        let resets = self.reader.flag(row, "resets");
        let stays_open = self.reader.flag(row, "stays_open");
        let request =
            self.reader.text(row, "request").and_then(|t| word(&mut self.reader, &t, "`request`", words::REQUESTS));
        let proof = self.proof(row);
        let (Some((path, text)), Some(kind)) = (path, kind) else { return };
        if (patience.is_some() || size.is_some()) && !matches!(kind, Kind::Pool | Kind::Semaphore | Kind::Lock) {
            let key = if patience.is_some() { "wait" } else { "size" };
            let span = row.key_span(key).unwrap_or(row.span.clone());
            self.reader.error(&span, format!("`{key}` belongs to a pool, semaphore or lock, and `{path}` is none"));
        }
        if waits.is_some() && awaits.is_none() {
            let span = row.key_span("waits").unwrap_or(row.span.clone());
            self.reader
                .error(&span, "`waits` of a type says what awaiting a value of it waits for; write `awaits` besides");
        }
        if self.place(path, "[[type]]", &text.span) {
            let on_drop = on_drop.unwrap_or_default();
            self.pack.types.push(TypeRow {
                path,
                params,
                kind,
                noun,
                deref,
                item,
                awaits,
                waits,
                implements,
                on_drop,
                must_end,
                patience,
                size,
                settings,
                long_lived,
                resets,
                stays_open,
                request,
                proof,
            });
        }
    }

    /// A path that may belong to another pack, or `*`.
    fn foreign_path(&mut self, text: &Text<'_>, what: &str) -> Option<Symbol> {
        let plain = text.value == "*" || words::PRIMITIVES.contains(&text.value);
        if plain || (is_path(text.value) && text.value.contains("::")) {
            return Some(Symbol::new(&fold_std(text.value)));
        }
        self.reader.error(&text.span, format!("{what} is names joined by `::`; `{}` is not", text.value));
        None
    }

    fn settings(&mut self, row: &Row<'_>) -> Vec<(String, String)> {
        let Some(table) = self.reader.table(row, "settings", "settings = { size = \"…\", wait = \"…\" }") else {
            return Vec::new();
        };
        self.reader.known_keys(&table, &[keys::SETTINGS]);
        let mut settings = Vec::new();
        for role in keys::SETTINGS {
            settings.extend(self.reader.texts(&table, role).iter().map(|t| ((*role).to_owned(), t.value.to_owned())));
        }
        settings
    }

    fn proof(&mut self, row: &Row<'_>) -> String {
        self.reader.text(row, "proof").map_or_else(String::new, |t| t.value.to_owned())
    }

    fn aliases(&mut self, row: &Row<'_>) {
        for key in row.keys() {
            let Some(value) = self.reader.text(row, key.value) else { continue };
            let glob = key.value.strip_suffix("::*");
            let head = Text { value: glob.unwrap_or(key.value), span: key.span.clone() };
            let Some(path) = self.path(&head, "an alias", if glob.is_some() { 1 } else { 2 }) else { continue };
            let Some(_) = glob else {
                if let Some(ty) = self.type_expr(&value, &[])
                    && self.place(path, "[alias]", &key.span)
                {
                    self.pack.aliases.push((path, ty));
                }
                continue;
            };
            match value.value.strip_suffix("::*") {
                Some(target) if is_path(target) => {
                    let ty = TypeExpr::Path(Symbol::new(&format!("{}::*", fold_std(target))), Vec::new());
                    self.pack.aliases.push((Symbol::new(key.value), ty));
                }
                _ => {
                    let message = format!("a glob alias stands for a glob: `\"{}\" = \"other::module::*\"`", key.value);
                    self.reader.error(&value.span, message);
                }
            }
        }
    }

    fn assocs(&mut self, row: &Row<'_>) {
        for key in row.keys() {
            let Some(path) = self.path(&key, "an `[assoc]` key", 2) else { continue };
            let params = self.params.get(&path).cloned().unwrap_or_default();
            let Some(table) = self.reader.table(row, key.value, "\"path\" = { Name = \"type\" }") else { continue };
            for assoc in table.keys() {
                let ty = self.type_at(&table, assoc.value, &params);
                let assoc = name(&mut self.reader, &assoc, "an associated type");
                if let (Some(ty), Some(assoc)) = (ty, assoc) {
                    self.pack.assocs.push((path, assoc, ty));
                }
            }
        }
    }

    fn trait_row(&mut self, row: &Row<'_>) {
        self.reader.known_keys(row, &[keys::TRAIT]);
        let Some(text) = self.reader.required(row, "path") else { return };
        let may_be = self.reader.texts(row, "may_be");
        let may_be = may_be.iter().filter_map(|t| word(&mut self.reader, t, "kind", words::KINDS)).collect();
        let applies_to = self.reader.texts(row, "for");
        let applies_to = applies_to.iter().filter_map(|t| self.foreign_path(t, "a path in `for`")).collect();
        let Some(path) = self.path(&text, "a trait's path", 2) else { return };
        if self.place(path, "[[trait]]", &text.span) {
            self.pack.traits.push(TraitRow { path, may_be, applies_to });
        }
    }

    fn crate_rows(&mut self, row: &Row<'_>) {
        self.reader.known_keys(row, &[keys::CRATE]);
        self.reader.required_list(row, "name");
        let none = self.reader.required(row, "waits").is_some_and(|t| t.value == "none");
        let waits = if none { None } else { self.waits(row) };
        if !none && waits.is_none() {
            return;
        }
        for text in self.reader.texts(row, "name") {
            // `aws_sdk_*`: a family of crates that differ in their last words.
            let stem = Text { value: text.value.strip_suffix('*').unwrap_or(text.value), span: text.span.clone() };
            let Some(_) = name(&mut self.reader, &stem, "a crate's lib name") else { continue };
            let name = Symbol::new(text.value);
            if self.place(name, "[[crate]]", &text.span) {
                self.pack.crates.push(CrateRow { name, waits: waits.clone() });
            }
        }
    }

    fn macro_rows(&mut self, row: &Row<'_>) {
        self.reader.known_keys(row, &[keys::MACRO]);
        self.reader.required_list(row, "path");
        let shape = self.reader.required(row, "shape").and_then(|t| word(&mut self.reader, &t, "shape", words::SHAPES));
        for text in self.reader.texts(row, "path") {
            for full in self.expand(&text) {
                let text = Text { value: &full, span: text.span.clone() };
                let (Some(path), Some(shape)) = (self.path(&text, "a macro's path", 2), shape) else { continue };
                if self.place(path, "[[macro]]", &text.span) {
                    self.pack.macros.push((path, shape));
                }
            }
        }
    }

    fn derive_rows(&mut self, row: &Row<'_>) {
        self.reader.known_keys(row, &[keys::DERIVE]);
        let path = self.reader.required(row, "path").and_then(|t| self.path(&t, "a derive's path", 2));
        for f in self.reader.rows(row, "fns", "fns = [{ name = \"…\" }]") {
            let known: Vec<&str> = keys::FN.iter().copied().filter(|k| *k != "call").chain(["name"]).collect();
            self.reader.known_keys(&f, &[&known, keys::FN_EFFECT]);
            self.reader.required_list(&f, "name");
            let Some(body) = self.fn_body(&f, true, &[]) else { continue };
            for text in self.reader.texts(&f, "name") {
                // One `*` may stand for what the macro makes of the deriving type.
                let stem = text.value.replacen('*', "", 1);
                let stem = Text { value: &stem, span: text.span.clone() };
                if let (Some(path), Some(_)) = (path, name(&mut self.reader, &stem, "a generated function")) {
                    let row = FnRow { path: Symbol::new(&format!("{path}::{}", text.value)), ..body.clone() };
                    self.pack.derives.push((path, row));
                }
            }
        }
    }

    /// `a::B::{c, d}` as `a::B::c` and `a::B::d`.
    fn expand(&mut self, text: &Text<'_>) -> Vec<String> {
        let Some((head, rest)) = text.value.split_once('{') else { return vec![text.value.to_owned()] };
        match rest.split_once('}') {
            Some((names, tail)) if !names.contains('{') && !tail.contains(['{', '}']) => {
                names.split(',').map(str::trim).filter(|n| !n.is_empty()).map(|n| format!("{head}{n}{tail}")).collect()
            }
            _ => {
                self.reader.error(&text.span, "one pair of braces at most: `a::B::{c, d}`");
                Vec::new()
            }
        }
    }

    fn fn_rows(&mut self, row: &Row<'_>) {
        self.reader.known_keys(row, &[keys::FN, keys::FN_EFFECT]);
        self.reader.required_list(row, "call");
        for text in self.reader.texts(row, "call") {
            for full in self.expand(&text) {
                let is_macro = full.ends_with('!');
                let value = full.strip_suffix('!').unwrap_or(&full);
                let plain = Text { value, span: text.span.clone() };
                let Some(path) = self.path(&plain, "a call", 2) else { continue };
                let parent = parent_of(path);
                let has_receiver = parent.is_some_and(|p| is_type_name(p.as_str()));
                let params = parent.and_then(|p| self.params.get(&p).cloned()).unwrap_or_default();
                let Some(body) = self.fn_body(row, has_receiver && !is_macro, &params) else { continue };
                let path = if is_macro { Symbol::new(&full) } else { path };
                if self.place(path, "[[fn]]", &text.span) {
                    self.pack.fns.push(FnRow { path, ..body });
                }
            }
        }
    }

    /// A row without its path.
    fn fn_body(&mut self, row: &Row<'_>, has_receiver: bool, params: &[Symbol]) -> Option<FnRow> {
        let out = self.type_at(row, "out", params);
        let waits = self.waits(row);
        let blocks = self.reader.text(row, "blocks").and_then(|t| {
            let known: Vec<(&str, ())> = words::BLOCKS.iter().map(|b| (*b, ())).collect();
            word(&mut self.reader, &t, "kind of blocking work", &known).map(|()| Symbol::new(t.value))
        });
        let effect_text = self.reader.text(row, "effect");
        let closure_params: Vec<Text<'_>> = self.reader.texts(row, "params");
        let closure_types: Vec<TypeExpr> = closure_params.iter().filter_map(|t| self.type_expr(t, params)).collect();
        let effect_name = effect_text.as_ref().map_or("none", |t| t.value);
        if let Some(text) = &effect_text {
            let known: Vec<(&str, ())> = words::EFFECTS.iter().map(|(w, _)| (*w, ())).collect();
            word(&mut self.reader, text, "effect", &known)?;
        }
        self.effect_keys(row, effect_name);
        let what = self.reader.arg(row, "what", has_receiver);
        let runs =
            matches!(effect_name, "spawn" | "once" | "drive" | "block_on" | "offload" | "run_closure" | "fan_out");
        let repeats =
            self.reader.text(row, "repeats").and_then(|t| word(&mut self.reader, &t, "`repeats`", words::REPEATS));
        if what.is_some() && !runs && !row.has("params") && !row.has("repeats") {
            let span = row.key_span("what").unwrap_or(row.span.clone());
            self.reader.error(&span, format!("`what` without `params` says nothing for effect `{effect_name}`; write the types of the closure's parameters"));
        }
        let makes = matches!(effect_name, "acquire" | "begin" | "connect" | "detach" | "new_pool");
        if makes && !row.has("out") {
            let span = row.key_span("effect").unwrap_or(row.span.clone());
            self.reader.error(&span, format!("effect `{effect_name}` makes something: write its type in `out`"));
        }
        let effect = self.effect(row, effect_name, has_receiver, what, &closure_types);
        let closure = match &effect {
            Effect::RunClosure { what, .. } | Effect::Offload { what, .. } => Some(*what),
            Effect::Once { what } | Effect::FanOut { what, .. } if row.has("params") => Some(*what),
            _ if row.has("params") => Some(what.unwrap_or(1)),
            _ => None,
        };
        Some(FnRow {
            repeats: repeats.map(|r| (what.unwrap_or(1), r)),
            path: Symbol::new(""),
            consumes: self.reader.flag(row, "consumes"),
            is_async: self.reader.flag(row, "async"),
            out,
            effect,
            sql: self.reader.arg(row, "sql", has_receiver),
            closure: closure.map(|arg| ClosureRow { arg, params: closure_types }),
            waits,
            blocks,
            panics_in_async: self.reader.flag(row, "panics_in_async"),
            ends_session: self.reader.flag(row, "ends_session"),
            outlives: self.reader.flag(row, "outlives"),
            read_only: self.reader.arg(row, "read_only", has_receiver),
            on_return: self.reader.flag(row, "on_return"),
            tally: self.tally(row),
            note: self.reader.text(row, "note").map(|t| t.value.to_owned()),
            proof: self.proof(row),
        })
    }

    /// `up`, `down`, `opens`, `closes`, `opens:1`, `flag:1`, `swap:1`, `in:1`, `out:1`.
    fn tally(&mut self, row: &Row<'_>) -> Option<Tally> {
        let text = self.reader.text(row, "tally")?;
        let (word, arg) = text.value.split_once(':').map_or((text.value, None), |(w, n)| (w, n.parse().ok()));
        match (word, arg.filter(|n| *n <= 15)) {
            ("up", None) if word == text.value => Some(Tally::Up),
            ("down", None) if word == text.value => Some(Tally::Down),
            ("closes", None) if word == text.value => Some(Tally::Closes),
            ("opens", None) if word == text.value => Some(Tally::Opens(None)),
            ("opens", Some(n)) => Some(Tally::Opens(Some(n))),
            ("flag", Some(n)) => Some(Tally::Flag(n)),
            ("swap", Some(n)) => Some(Tally::Swap(n)),
            ("in", Some(n)) => Some(Tally::In(n)),
            ("out", Some(n)) => Some(Tally::Out(n)),
            _ => {
                let message = format!(
                    "`tally` is \"up\", \"down\", \"opens\", \"closes\", or \"opens:N\", \"flag:N\", \"swap:N\", \"in:N\", \"out:N\" with the number of an argument, not `{}`",
                    text.value
                );
                self.reader.error(&text.span, message);
                None
            }
        }
    }

    /// Refuses effect keys that the row's effect does not read.
    fn effect_keys(&mut self, row: &Row<'_>, effect: &str) {
        let own = words::EFFECTS.iter().find(|(w, _)| *w == effect).map_or(&[][..], |(_, keys)| keys);
        for key in keys::FN_EFFECT {
            if let (Some(span), false) = (row.key_span(key), own.contains(key)) {
                let users: Vec<String> =
                    words::EFFECTS.iter().filter(|(_, k)| k.contains(key)).map(|(w, _)| format!("`{w}`")).collect();
                self.reader.error(
                    &span,
                    format!(
                        "`{key}` is out of place: effect `{effect}` does not read it; it belongs to {}",
                        users.join(", ")
                    ),
                );
            }
        }
    }

    fn effect(
        &mut self,
        row: &Row<'_>,
        effect: &str,
        has_receiver: bool,
        what: Option<Arg>,
        params: &[TypeExpr],
    ) -> Effect {
        let mut arg = |key: &str, default: Arg| self.reader.arg(row, key, has_receiver).unwrap_or(default);
        match effect {
            "pass" => Effect::Pass,
            "race" => Effect::Race,
            "acquire" => Effect::Acquire { from: arg("from", 0), patience: self.patience(row) },
            "begin" => Effect::Begin { on: arg("on", 0) },
            "connect" => Effect::Connect,
            "use" => Effect::Use {
                conn: arg("conn", 0),
                sql: self.reader.arg(row, "sql", has_receiver),
                writes: self.reader.maybe_flag(row, "writes"),
            },
            "commit" => Effect::Commit { of: arg("of", 0) },
            "rollback" => Effect::Rollback { of: arg("of", 0) },
            "release" => Effect::Release { of: arg("of", 0) },
            "forget" => Effect::Forget { of: arg("of", 0) },
            "take" => Effect::Take { of: arg("of", 0) },
            "detach" => Effect::Detach { of: arg("of", 0), loses_slot: self.reader.flag(row, "loses_slot") },
            "store" => Effect::Store { into: arg("into", 0), value: arg("value", 1) },
            "spawn" => Effect::Spawn { what: what.unwrap_or(0) },
            "once" => Effect::Once { what: what.unwrap_or(0) },
            "drive" => Effect::Drive { what: what.unwrap_or(0) },
            "block_on" => Effect::BlockOn { what: what.unwrap_or(0) },
            "offload" => Effect::Offload { what: what.unwrap_or(0), params: params.to_vec() },
            "run_closure" => {
                let from = self.reader.arg(row, "from", has_receiver);
                Effect::RunClosure { what: what.unwrap_or(1), params: params.to_vec(), from }
            }
            "fan_out" => Effect::FanOut { what: what.unwrap_or(0), width: self.reader.arg(row, "width", has_receiver) },
            "new_pool" => Effect::NewPool,
            // "none"; other words were refused before.
            _ => Effect::None,
        }
    }
}

impl Reader {
    /// Says so if a key that holds one or more strings is missing.
    fn required_list(&mut self, row: &Row<'_>, key: &str) {
        if !row.has(key) {
            self.error(&row.span, format!("`{key}` is missing in {}", row.name));
        }
    }
}

fn param_name(text: &str) -> &str {
    text.split('=').next().unwrap_or(text).trim()
}

/// The path without its last segment.
pub(super) fn parent_of(path: Symbol) -> Option<Symbol> {
    path.as_str().rsplit_once("::").map(|(parent, _)| Symbol::new(parent))
}

/// Whether the last segment looks like a type's or trait's name.
fn is_type_name(path: &str) -> bool {
    path.rsplit("::").next().and_then(|s| s.chars().next()).is_some_and(char::is_uppercase)
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
