//! Golden control-flow graphs: every `fixtures/lower/*.rs` lowers to the `.cfg` beside it.
//!
//! A fixture names its edition in a header (`//@ edition: 2024`; 2021 without). `LETGO_BLESS=1` rewrites the goldens; read
//! them before they are committed.

use letgo::base::{FileId, Idx};
use letgo::ir::{FileIr, MacroShape, Terminator, print};
use letgo::{lower, parse};
use std::path::{Path, PathBuf};

/// Macros that the fixtures use; in the product this table comes from packs.
fn shapes(path: &[&str]) -> Option<MacroShape> {
    Some(match *path.last()? {
        "select" => MacroShape::Select,
        "join" => MacroShape::Join,
        "try_join" => MacroShape::TryJoin,
        "stream" => MacroShape::Stream,
        "try_stream" => MacroShape::TryStream,
        "info" | "debug" | "warn" => MacroShape::Format,
        "bail" => MacroShape::Bail,
        "ensure" => MacroShape::Ensure,
        "json" => MacroShape::Value,
        "query" | "query_as" | "query_scalar" => MacroShape::Query,
        "pin" => MacroShape::Pin,
        "defer" => MacroShape::Defer,
        "lazy_static" => MacroShape::LazyStatic,
        _ => return None,
    })
}

fn lower(text: &str, edition: u16) -> FileIr {
    let ast = parse::parse_file(text).unwrap_or_else(|e| panic!("fixture does not parse: {e}"));
    lower::file(&ast, &lower::LowerCx { file: FileId::new(0), edition, text, thinned: None, macro_shape: &shapes })
}

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lower");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder of fixtures is there")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "rs"))
        .collect();
    paths.sort();
    paths
}

fn edition(text: &str) -> u16 {
    text.lines()
        .find_map(|line| line.strip_prefix("//@ edition:"))
        .map_or(2021, |year| year.trim().parse().expect("the edition is a year"))
}

#[test]
fn goldens() {
    let bless = std::env::var_os("LETGO_BLESS").is_some();
    let mut failures = Vec::new();
    for path in fixtures() {
        let text = std::fs::read_to_string(&path).expect("fixtures are readable");
        let ir = lower(&text, edition(&text));
        check(&ir, &path);
        let actual = print::print_file(&ir);
        let golden = path.with_extension("cfg");
        if bless {
            std::fs::write(&golden, &actual).expect("goldens are writable");
        } else if std::fs::read_to_string(&golden).unwrap_or_default() != actual {
            failures.push(format!("{}\n{actual}", golden.display()));
        }
    }
    assert!(failures.is_empty(), "run with LETGO_BLESS=1 and read the difference:\n{}", failures.join("\n"));
}

/// What holds for every body.
fn check(ir: &FileIr, path: &Path) {
    for (id, body) in ir.bodies.iter_enumerated() {
        let at = format!("{}: {}", path.display(), print::body_name(ir, id));
        assert!(body.locals.len() > body.param_count, "{at}: parameters are locals");
        for (i, capture) in body.captures.iter().enumerate() {
            assert_eq!(capture.inner.index(), 1 + body.param_count + i, "{at}: captures follow parameters");
            let parent = body.parent.unwrap_or_else(|| panic!("{at}: captures come from somewhere"));
            assert!(
                ir.bodies[parent].locals.get(capture.outer).is_some_and(|l| l.name.is_some()),
                "{at}: captured variable"
            );
        }
        for block in body.blocks.iter() {
            for to in block.term.successors() {
                assert!(body.blocks.get(to).is_some(), "{at}: edges lead to blocks");
            }
            if let Terminator::Switch { edges, .. } = &block.term {
                assert!(!edges.is_empty(), "{at}: a switch has edges");
            }
        }
    }
}

#[test]
fn equal_text_gives_equal_ir() {
    for path in fixtures() {
        let text = std::fs::read_to_string(&path).expect("fixtures are readable");
        let (a, b) = (lower(&text, 2024), lower(&text, 2024));
        assert_eq!(format!("{a:?}"), format!("{b:?}"), "{}", path.display());
    }
}

/// Places are bytes of the text, whatever stands in front of them and in them.
#[test]
fn places_are_bytes() {
    for front in ["", "\u{feff}", "\u{feff}#!/usr/bin/ünv\n", "// ä\r\n", "---\nä\n---\n", "/* 𝕏 */ "] {
        let text = format!("{front}fn first() {{ let ä = \"ß𝕏\"; näme(ä) }}\nfn second() {{}}");
        let ir = lower(&text, 2024);
        let at = |s: letgo::base::Span| &text[s.start as usize..s.end as usize];
        assert_eq!(at(ir.fns[0].name_span), "first", "{text:?}");
        assert_eq!(at(ir.fns[1].span), "fn second() {}", "{text:?}");
        let call = &ir.bodies[ir.fns[0].body.expect("it has one")].calls.as_slice()[0];
        assert_eq!((at(call.span), at(call.name_span)), ("näme(ä)", "näme"), "{text:?}");
    }
}

/// Whatever still parses when a line is missing lowers too.
#[test]
fn missing_lines_do_not_panic() {
    for path in fixtures() {
        let text = std::fs::read_to_string(&path).expect("fixtures are readable");
        let lines: Vec<&str> = text.lines().collect();
        for missing in 0..lines.len() {
            let rest: Vec<&str> = lines.iter().enumerate().filter(|(i, _)| *i != missing).map(|(_, l)| *l).collect();
            let rest = rest.join("\n");
            if parse::parse_file(&rest).is_ok() {
                check(&lower(&rest, 2024), &path);
            }
        }
    }
}

/// Deep nesting is counted, not fallen into.
#[test]
fn deep_nesting_does_not_overflow() {
    let run = |text: String| {
        std::thread::Builder::new()
            .stack_size(64 << 20)
            .spawn(move || lower(&text, 2024).unknown.len())
            .expect("a thread starts")
            .join()
            .expect("nothing overflows")
    };
    assert_eq!(run(format!("fn f() -> u32 {{ {} }}", vec!["1"; 20_000].join(" + "))), 0);
    assert_eq!(run(format!("fn f(a: bool) -> bool {{ {} }}", vec!["a"; 5_000].join(" && "))), 0);
    let chain = ".b()".repeat(400);
    assert_eq!(run(format!("fn f(a: A) {{ a{chain}; }}")), 0);
    let arms: String = (0..300).map(|i| format!("if a == {i} {{ {i} }} else ")).collect();
    assert_eq!(run(format!("fn f(a: u32) -> u32 {{ {arms} {{ 0 }} }}")), 0);
    assert!(run(format!("fn f() {{ {}1{} }}", "g(".repeat(1_500), ")".repeat(1_500))) > 0);
}

/// Every `.rs` below `LETGO_CORPUS` (several folders: `:`) lowers without a panic, and what holds for every body holds.
/// `LETGO_CORPUS=~/.cargo/registry/src cargo test --release --test lower -- --ignored --nocapture`
#[test]
#[ignore = "needs a corpus"]
fn corpus() {
    let Some(folders) = std::env::var_os("LETGO_CORPUS") else { return };
    let mut files = Vec::new();
    for folder in std::env::split_paths(&folders) {
        collect(&folder, &mut files);
    }
    // What is not understood, as text: `LETGO_SHOW="branches of a select"`.
    let show = std::env::var("LETGO_SHOW").ok();
    let worker = std::thread::Builder::new().stack_size(64 << 20).spawn(move || {
        let (mut lines, mut bad, mut parsing, mut lowering) = (0, 0, 0.0, 0.0);
        let mut unknown = std::collections::BTreeMap::<&str, usize>::new();
        let (mut bodies, mut stmts, mut blocks, mut locals) = (0, 0, 0, 0);
        for path in &files {
            let Ok(text) = std::fs::read_to_string(path) else { continue };
            let start = std::time::Instant::now();
            let ast = match parse::parse_file(&text) {
                Ok(ast) => ast,
                Err(_) => {
                    bad += 1;
                    continue;
                }
            };
            parsing += start.elapsed().as_secs_f64();
            let start = std::time::Instant::now();
            let cx = lower::LowerCx {
                file: FileId::new(0),
                edition: 2021,
                text: &text,
                thinned: None,
                macro_shape: &shapes,
            };
            let ir = lower::file(&ast, &cx);
            lowering += start.elapsed().as_secs_f64();
            if start.elapsed().as_secs_f64() > 0.3 {
                println!("slow: {} {:.2} s", path.display(), start.elapsed().as_secs_f64());
            }
            drop(ast);
            parse::forget_spans();
            lines += text.lines().count();
            check(&ir, path);
            for (what, at) in &ir.unknown {
                *unknown.entry(what).or_default() += 1;
                if show.as_deref() == Some(*what) {
                    println!("{}: {}", path.display(), &text[at.start as usize..at.end as usize].escape_debug());
                }
            }
            bodies += ir.bodies.len();
            for body in ir.bodies.iter() {
                blocks += body.blocks.len();
                locals += body.locals.len();
                stmts += body.blocks.iter().map(|b| b.stmts.len()).sum::<usize>();
            }
            for s in &ir.stmt_spans {
                assert!(s.start <= s.end && s.end as usize <= text.len(), "{}: {s:?}", path.display());
            }
        }
        println!("{} files, {lines} lines, {bad} do not parse", files.len());
        println!(
            "parse {parsing:.2} s, lower {lowering:.2} s, {:.0} lines/s together",
            lines as f64 / (parsing + lowering)
        );
        println!("{bodies} bodies, {blocks} blocks, {stmts} statements, {locals} locals; unknown: {unknown:?}");
    });
    worker.expect("a thread starts").join().expect("nothing panics");
}

fn collect(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            collect(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}
