//! Drop order, judged by `rustc`: `fixtures/drops` is compiled and run, and the same functions are interpreted from their
//! control-flow graphs. Both tell what they drop, in which order; the stories must be equal, in both editions.
//!
//! Skipped where there is no `rustc`.

use letgo::base::{FileId, Idx, Symbol};
use letgo::ir::{
    AggregateKind, BlockId, Body, Callee, EdgeKind, FileIr, Literal, Operand, Place, Proj, Rvalue, StmtKind, Terminator,
};
use letgo::{lower, parse};
use std::path::Path;
use std::process::Command;

#[test]
fn edition_2021() {
    compare(2021, &["cases.rs"]);
}

#[test]
fn edition_2024() {
    compare(2024, &["cases.rs", "cases_2024.rs"]);
}

fn compare(edition: u16, files: &[&str]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/drops");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("fixtures are readable");
    let cases: String = files.iter().map(|name| read(name)).collect();
    let ast = parse::parse_file(&cases).expect("cases parse");
    let cx = lower::LowerCx { file: FileId::new(0), edition, text: &cases, thinned: None, macro_shape: &|_| None };
    let ir = lower::file(&ast, &cx);
    assert_eq!(ir.unknown, [], "everything is understood");
    let names: Vec<&str> = ir.fns.iter().filter(|f| f.params.is_empty()).map(|f| f.name.as_str()).collect();
    let Some(expected) = run_by_rustc(edition, &(read("prelude.rs") + &cases), &names) else { return };

    let mut wrong = Vec::new();
    for (name, expected) in names.iter().zip(expected.lines()) {
        let f = ir.fns.iter().find(|f| f.name == *name).expect("the name came from here");
        let mut machine = Machine { ir: &ir, log: Vec::new(), fuel: 10_000 };
        let result = machine.run(&ir.bodies[f.body.expect("cases have bodies")], Vec::new());
        machine.log.push("|".to_owned());
        machine.drop_value(result);
        let actual = format!("{name}: {}", machine.log.join(" "));
        if actual != expected {
            wrong.push(format!("rustc  {expected}\nletgo  {actual}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} cases of edition {edition} differ:\n{}",
        wrong.len(),
        names.len(),
        wrong.join("\n")
    );
}

fn run_by_rustc(edition: u16, text: &str, names: &[&str]) -> Option<String> {
    let calls: String =
        names.iter().map(|n| format!("    {{ let r = {n}(); mark(\"|\"); drop(r); report(\"{n}\"); }}\n")).collect();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let source = folder.join(format!("drops{edition}.rs"));
    let program = folder.join(format!("drops{edition}"));
    std::fs::write(&source, format!("{text}\nfn main() {{\n{calls}}}\n")).expect("the target folder is writable");
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let built = Command::new(rustc)
        .args(["--edition", &edition.to_string(), "-Awarnings", "-o"])
        .arg(&program)
        .arg(&source)
        .output()
        .ok()?;
    assert!(built.status.success(), "cases compile:\n{}", String::from_utf8_lossy(&built.stderr));
    let run = Command::new(&program).output().expect("the program was just built");
    assert!(run.status.success(), "cases run:\n{}", String::from_utf8_lossy(&run.stderr));
    Some(String::from_utf8(run.stdout).expect("names are text"))
}

#[derive(Clone, Debug)]
enum Value {
    /// Nothing that is dropped.
    Plain,
    Bool(bool),
    Text(String),
    Ref(Place),
    /// Tells its name when dropped.
    Noisy(String),
    /// Variant or struct, tuple, array: parts in order of drop.
    Parts(String, Vec<(Symbol, Value)>),
    Moved,
}

fn variant(path: &str, value: Option<Value>) -> Value {
    Value::Parts(path.to_owned(), value.into_iter().map(|v| ("0".into(), v)).collect())
}

struct Machine<'p> {
    ir: &'p FileIr,
    log: Vec<String>,
    fuel: usize,
}

impl Machine<'_> {
    fn run(&mut self, body: &Body, args: Vec<Value>) -> Value {
        let mut locals = vec![Value::Moved; body.locals.len()];
        for (i, arg) in args.into_iter().enumerate() {
            locals[i + 1] = arg;
        }
        let mut at = BlockId::new(0);
        loop {
            self.fuel = self.fuel.checked_sub(1).expect("cases end");
            for stmt in &body.blocks[at].stmts {
                match &stmt.kind {
                    StmtKind::Assign { to, value } => {
                        let value = self.value(body, value, &mut locals);
                        *place(&mut locals, to) = value;
                    }
                    StmtKind::Drop { place: p, .. } => {
                        let value = std::mem::replace(place(&mut locals, p), Value::Moved);
                        self.drop_value(value);
                    }
                    StmtKind::Declare(_) => {}
                    StmtKind::Yield(_) => panic!("cases do not yield"),
                }
            }
            at = match &body.blocks[at].term {
                Terminator::Goto(to) => *to,
                Terminator::Return(..) => return std::mem::replace(&mut locals[0], Value::Moved),
                Terminator::Diverge => panic!("cases do not diverge"),
                Terminator::Switch { on, edges, .. } => {
                    let taken = edges.iter().find(|edge| taken(&edge.kind, on.as_ref(), &mut locals, body, at));
                    taken.expect("one edge is taken").to
                }
            };
        }
    }

    fn drop_value(&mut self, value: Value) {
        match value {
            Value::Noisy(name) => self.log.push(name),
            Value::Parts(_, parts) => parts.into_iter().for_each(|(_, part)| self.drop_value(part)),
            Value::Plain | Value::Bool(_) | Value::Text(_) | Value::Ref(_) | Value::Moved => {}
        }
    }

    fn value(&mut self, body: &Body, value: &Rvalue, locals: &mut [Value]) -> Value {
        match value {
            Rvalue::Use(op) | Rvalue::Cast(op, _) => read(locals, op),
            Rvalue::Ref { place, .. } => Value::Ref(place.clone()),
            Rvalue::Plain(_) | Rvalue::Step { .. } => Value::Plain,
            Rvalue::Aggregate { kind, fields, base: _ } => {
                let mut parts: Vec<_> = fields.iter().map(|(name, op)| (*name, read(locals, op))).collect();
                let name = match kind {
                    AggregateKind::Struct(path) => {
                        // Fields are dropped in order of declaration, which is alphabetical here.
                        parts.sort_by_key(|(name, _)| *name);
                        path.to_string()
                    }
                    _ => String::new(),
                };
                Value::Parts(name, parts)
            }
            Rvalue::Call(call) => {
                let call = &body.calls[*call];
                match &call.callee {
                    Callee::Path(path) => {
                        let args = call.args.iter().map(|op| read(locals, op)).collect();
                        self.function(path.last().as_str(), args)
                    }
                    Callee::Method { name, .. } => self.method(name.as_str(), &call.args, locals),
                    other => panic!("cases do not call {other:?}"),
                }
            }
            Rvalue::Await(_) | Rvalue::AwaitMany { .. } | Rvalue::Unknown(_) => panic!("cases do not use {value:?}"),
        }
    }

    fn function(&mut self, name: &str, mut args: Vec<Value>) -> Value {
        let text = |args: &[Value], i: usize| match &args[i] {
            Value::Text(text) => text.clone(),
            other => panic!("a name, not {other:?}"),
        };
        match name {
            "d" => Value::Noisy(text(&args, 0)),
            "two" => {
                let parts =
                    vec![("a".into(), Value::Noisy(text(&args, 0))), ("b".into(), Value::Noisy(text(&args, 1)))];
                Value::Parts("Two".to_owned(), parts)
            }
            "mark" => {
                self.log.push(text(&args, 0));
                Value::Plain
            }
            "eat" => {
                self.drop_value(args.remove(0));
                Value::Plain
            }
            "pass" => args.remove(0),
            "look" | "num" => Value::Plain,
            "yes" => Value::Bool(true),
            "no" => Value::Bool(false),
            "some" => variant("Some", Some(Value::Noisy(text(&args, 0)))),
            "ok" => variant("Ok", Some(Value::Noisy(text(&args, 0)))),
            "err" => variant("Err", Some(Value::Plain)),
            "none" => variant("None", None),
            "Some" | "Ok" | "Err" => variant(name, Some(args.remove(0))),
            _ => {
                let f =
                    self.ir.fns.iter().find(|f| f.name == name).unwrap_or_else(|| panic!("a known function: {name}"));
                self.run(&self.ir.bodies[f.body.expect("it has a body")], args)
            }
        }
    }

    fn method(&mut self, name: &str, args: &[Operand], locals: &mut [Value]) -> Value {
        let Operand::Place(receiver) = &args[0] else { panic!("receivers are places") };
        let seen = place(locals, receiver).clone();
        assert!(!matches!(seen, Value::Moved), "the receiver of {name} still holds a value");
        let text = |i: usize| match &args[i] {
            Operand::Literal(Literal::Str(text)) => text.clone(),
            other => panic!("a name, not {other:?}"),
        };
        match name {
            "len" => Value::Plain,
            "yes" => Value::Bool(true),
            "no" => Value::Bool(false),
            "is_some" | "is_none" => {
                let is_some = matches!(follow(locals, seen), Value::Parts(path, _) if path == "Some");
                Value::Bool(is_some == (name == "is_some"))
            }
            "lend" => Value::Noisy("lent".to_owned()),
            "make" | "lend_as" => Value::Noisy(text(1)),
            "some" => variant("Some", Some(Value::Noisy(text(1)))),
            "ok" => variant("Ok", Some(Value::Noisy(text(1)))),
            "err" => variant("Err", Some(Value::Plain)),
            "none" => variant("None", None),
            "pass" => read(locals, &args[0]),
            "eat" => {
                let value = read(locals, &args[0]);
                self.drop_value(value);
                Value::Plain
            }
            _ => panic!("a known method: {name}"),
        }
    }
}

fn follow(locals: &mut [Value], value: Value) -> Value {
    match value {
        Value::Ref(p) => {
            let inner = place(locals, &p).clone();
            follow(locals, inner)
        }
        value => value,
    }
}

/// The value at a place, through references.
fn place<'l>(locals: &'l mut [Value], p: &Place) -> &'l mut Value {
    for (i, step) in p.proj.iter().enumerate() {
        let here = Place { local: p.local, proj: p.proj[..i].into() };
        if let Value::Ref(target) = direct(locals, &here) {
            let rest = if matches!(step, Proj::Deref) { &p.proj[i + 1..] } else { &p.proj[i..] };
            let proj = target.proj.iter().chain(rest).cloned().collect();
            let through = Place { local: target.local, proj };
            return place(locals, &through);
        }
    }
    direct(locals, p)
}

fn direct<'l>(locals: &'l mut [Value], p: &Place) -> &'l mut Value {
    let mut value = &mut locals[p.local.index()];
    for step in &p.proj {
        let name: Symbol = match step {
            Proj::Field(name) => *name,
            Proj::Variant { field, .. } => *field,
            Proj::Try => "0".into(),
            Proj::Index => match value {
                Value::Parts(_, parts) => parts[0].0,
                other => panic!("an element of {other:?}"),
            },
            Proj::Deref => panic!("only references are dereferenced"),
        };
        let shown = format!("{value:?}");
        value = match value {
            Value::Parts(_, parts) => {
                &mut parts.iter_mut().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("a part {name} of {shown}")).1
            }
            other => panic!("a part {name} of {other:?}"),
        };
    }
    value
}

fn read(locals: &mut [Value], op: &Operand) -> Value {
    match op {
        Operand::Literal(Literal::Str(text)) => Value::Text(text.clone()),
        Operand::Literal(Literal::Bool(b)) => Value::Bool(*b),
        Operand::Literal(_) => Value::Plain,
        Operand::Path(path, _) => variant(&path.to_string(), None),
        Operand::Place(p) => {
            // The item of an iterator leaves it.
            if p.proj == [Proj::Index]
                && let Value::Parts(_, parts) = &mut locals[p.local.index()]
            {
                return parts.remove(0).1;
            }
            let value = place(locals, p);
            match value {
                Value::Plain | Value::Bool(_) | Value::Text(_) | Value::Ref(_) => value.clone(),
                Value::Noisy(_) | Value::Parts(..) => std::mem::replace(value, Value::Moved),
                Value::Moved => panic!("{p:?} was moved"),
            }
        }
    }
}

fn taken(kind: &EdgeKind, on: Option<&Place>, locals: &mut [Value], body: &Body, at: BlockId) -> bool {
    let seen = on.map(|p| place(locals, p).clone());
    let seen = seen.map(|v| follow(locals, v));
    let is = |names: &[&str]| matches!(&seen, Some(Value::Parts(path, _)) if names.contains(&path.as_str()));
    match kind {
        // What is compared is equal, as in `assert_eq!`.
        EdgeKind::Then => !matches!(seen, Some(Value::Bool(false))),
        EdgeKind::Else => matches!(seen, Some(Value::Bool(false))),
        EdgeKind::Continue => is(&["Ok", "Some"]),
        EdgeKind::Break => is(&["Err", "None"]),
        EdgeKind::Variant(path) => is(&[path.to_string().as_str()]),
        EdgeKind::Otherwise | EdgeKind::Exit => true,
        EdgeKind::Again => {
            // The iterator is what the next block takes an element of.
            let Terminator::Switch { edges, .. } = &body.blocks[at].term else { return false };
            let next = &body.blocks[edges[0].to].stmts;
            next.iter().any(|stmt| match &stmt.kind {
                StmtKind::Assign { value: Rvalue::Use(Operand::Place(p)), .. }
                    if p.proj.first() == Some(&Proj::Index) =>
                {
                    matches!(&locals[p.local.index()], Value::Parts(_, parts) if !parts.is_empty())
                }
                _ => false,
            })
        }
        EdgeKind::Arm(_) => panic!("cases do not select"),
    }
}
