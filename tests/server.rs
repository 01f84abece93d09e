//! `letgo server`, spoken to by a scripted editor.

use serde_json::{Value, json};
use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const MANIFEST: &str =
    "[package]\nname = \"shop\"\nedition = \"2021\"\n[dependencies]\nsqlx = \"0.8\"\nreqwest = \"0.12\"\n";

/// `nested_acquire` in the sixth line; the emoji makes columns differ between encodings.
const NESTED: &str = "use sqlx::PgPool;

pub async fn order(pool: &PgPool) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    sqlx::query(\"INSERT INTO orders DEFAULT VALUES\").execute(&mut *tx).await?;
    /* 😀 */ audit(pool).await?;
    tx.commit().await
}

async fn audit(pool: &PgPool) -> sqlx::Result<()> {
    sqlx::query(\"INSERT INTO audit DEFAULT VALUES\").execute(pool).await.map(|_| ())
}
";

/// Long enough for a busy machine; nothing is waited for once it is there.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long nothing comes before that is taken for an answer.
const SILENCE: Duration = Duration::from_millis(1500);

struct Editor {
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<Value>,
    /// Read and not yet asked for.
    kept: VecDeque<Value>,
    next: i64,
    dir: TempDir,
}

impl Editor {
    /// Starts letgo in a project and shakes hands.
    fn start(files: &[(&str, &str)], capabilities: Value) -> Editor {
        let dir = tempfile::tempdir().expect("a scratch folder can be made");
        for (path, text) in [("Cargo.toml", MANIFEST)].iter().chain(files) {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folders can be made");
            fs::write(path, text).expect("files can be written");
        }
        let mut child = Command::new(env!("CARGO_BIN_EXE_letgo"))
            .arg("server")
            // Which workspace is meant, the documents say.
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (input, reader) = (child.stdin.take(), BufReader::new(child.stdout.take().expect("it is piped")));
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut reader = reader;
            while let Some(message) = read(&mut reader) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut editor = Editor { child, input, output, kept: VecDeque::new(), next: 0, dir };
        let answer =
            editor.ask("initialize", json!({ "processId": null, "rootUri": null, "capabilities": capabilities }));
        assert_eq!(answer["serverInfo"]["name"], "letgo");
        editor.tell("initialized", json!({}));
        editor
    }

    fn uri(&self, path: &str) -> String {
        format!("file://{}/{path}", self.dir.path().canonicalize().expect("it is there").display())
    }

    fn write(&mut self, message: &Value) {
        let text = message.to_string();
        let input = self.input.as_mut().expect("it is open");
        write!(input, "Content-Length: {}\r\n\r\n{text}", text.len())
            .and_then(|()| input.flush())
            .expect("letgo listens");
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.write(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    #[track_caller]
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let answer = self.wait(|m| m["id"] == id && m.get("method").is_none()).expect("an answer");
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].clone()
    }

    /// The next message that is `wanted`; what comes before it is kept.
    fn wait_for(&mut self, patience: Duration, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        if let Some(at) = self.kept.iter().position(&wanted) {
            return self.kept.remove(at);
        }
        let end = Instant::now() + patience;
        loop {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(message) if wanted(&message) => return Some(message),
                Ok(message) => self.kept.push_back(message),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    fn wait(&mut self, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        self.wait_for(PATIENCE, wanted)
    }

    fn open(&mut self, path: &str, text: &str) {
        let uri = self.uri(path);
        let document = json!({ "uri": uri, "languageId": "rust", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    fn change(&mut self, path: &str, version: i32, text: &str) {
        let document = json!({ "uri": self.uri(path), "version": version });
        let changes = json!([{ "text": text }]);
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    /// What is published for a file at a version; of any version if none is given.
    #[track_caller]
    fn diagnostics(&mut self, path: &str, version: Option<i32>) -> Vec<Value> {
        let uri = self.uri(path);
        let message = self.wait(|m| {
            m["method"] == "textDocument/publishDiagnostics"
                && m["params"]["uri"] == uri
                && version.is_none_or(|v| m["params"]["version"] == v)
        });
        let message = message.unwrap_or_else(|| panic!("nothing is published for {path} at {version:?}"));
        message["params"]["diagnostics"].as_array().cloned().expect("a list")
    }

    fn is_silent(&mut self) -> bool {
        self.kept.clear();
        self.wait_for(SILENCE, |m| m["method"] == "textDocument/publishDiagnostics").is_none()
    }

    fn actions(&mut self, path: &str, range: &Value) -> Vec<Value> {
        let document = json!({ "uri": self.uri(path) });
        let params = json!({ "textDocument": document, "range": range, "context": { "diagnostics": [] } });
        self.ask("textDocument/codeAction", params).as_array().cloned().expect("a list")
    }

    /// The text after the edits that an action makes in a file.
    fn applied(&self, path: &str, text: &str, action: &Value) -> String {
        let edits = action["edit"]["changes"][self.uri(path)].as_array().expect("edits of this file").clone();
        let mut text = text.to_owned();
        let offset = |text: &str, at: &Value| {
            let (line, character) = (at["line"].as_u64().expect("a line"), at["character"].as_u64().expect("a column"));
            let start: usize = text.split_inclusive('\n').take(line as usize).map(str::len).sum();
            let mut units = 0;
            let within = text[start..].char_indices().find(|(_, c)| {
                let here = units == character;
                units += c.len_utf16() as u64;
                here
            });
            start + within.map_or(text.len() - start, |(i, _)| i)
        };
        for edit in edits.iter().rev() {
            let (start, end) = (offset(&text, &edit["range"]["start"]), offset(&text, &edit["range"]["end"]));
            text.replace_range(start..end, edit["newText"].as_str().expect("a text"));
        }
        text
    }

    /// Says goodbye as editors do.
    #[track_caller]
    fn end(mut self) {
        self.ask("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        assert_eq!(self.child.wait().expect("it ends").code(), Some(0));
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // A test that failed leaves nothing running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(reader: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(n) = line.trim().strip_prefix("Content-Length: ") {
            length = n.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

fn codes(diagnostics: &[Value]) -> Vec<&str> {
    diagnostics.iter().filter_map(|d| d["code"].as_str()).collect()
}

fn title<'a>(actions: &'a [Value], words: &str) -> &'a Value {
    actions.iter().find(|a| a["title"].as_str().is_some_and(|t| t.contains(words))).unwrap_or_else(|| {
        panic!("no action says {words}: {actions:?}");
    })
}

#[test]
fn findings_come_while_one_types() {
    let mut editor = Editor::start(&[("src/lib.rs", "pub fn f() {}\n")], json!({}));
    // The buffer, not the file, is judged.
    editor.open("src/lib.rs", NESTED);
    let found = editor.diagnostics("src/lib.rs", Some(1));
    assert_eq!(codes(&found), ["nested_acquire"]);
    let one = &found[0];
    assert_eq!((&one["severity"], &one["source"]), (&1.into(), &"letgo".into()));
    // Columns in units of UTF-16.
    let range = json!({ "start": { "line": 5, "character": 13 }, "end": { "line": 5, "character": 30 } });
    assert_eq!(one["range"], range);
    let related = one["relatedInformation"].as_array().expect("the other steps");
    assert!(
        related.len() >= 3 && related[0]["message"].as_str().is_some_and(|m| m.starts_with("(1) transaction acquired"))
    );
    assert!(related.iter().any(|r| r["location"]["range"]["start"]["line"] == 10), "{related:?}");
    // Mended in the buffer; the file is still another one.
    editor.change("src/lib.rs", 2, &NESTED.replace("audit(pool).await?;", "let _ = 1;"));
    assert_eq!(codes(&editor.diagnostics("src/lib.rs", Some(2))), Vec::<&str>::new());
    // Bad again, then half typed: what was said stays until the buffer is saved.
    editor.change("src/lib.rs", 3, NESTED);
    assert_eq!(codes(&editor.diagnostics("src/lib.rs", Some(3))), ["nested_acquire"]);
    editor.change("src/lib.rs", 4, &format!("{NESTED}pub fn g( {{\n"));
    assert!(editor.is_silent());
    let document = json!({ "textDocument": { "uri": editor.uri("src/lib.rs") } });
    editor.tell("textDocument/didSave", document.clone());
    assert_eq!(codes(&editor.diagnostics("src/lib.rs", Some(4))), ["unparsed_file"]);
    // Closed: the file on disk counts, which is good.
    editor.tell("textDocument/didClose", document);
    assert_eq!(codes(&editor.diagnostics("src/lib.rs", None)), Vec::<&str>::new());
    editor.end();
}

#[test]
fn columns_are_bytes_where_the_editor_likes_them() {
    let mut editor =
        Editor::start(&[("src/lib.rs", "")], json!({ "general": { "positionEncodings": ["utf-8", "utf-16"] } }));
    editor.open("src/lib.rs", NESTED);
    assert_eq!(editor.diagnostics("src/lib.rs", Some(1))[0]["range"]["start"]["character"], 15);
    editor.end();
}

#[test]
fn a_buffer_counts_for_other_files() {
    let orders =
        NESTED.split("\nasync fn audit").next().expect("the first function").replace("audit(", "crate::audit::write(");
    let quiet = "pub async fn write(_: &sqlx::PgPool) -> sqlx::Result<()> {\n    Ok(())\n}\n";
    let loud = "pub async fn write(pool: &sqlx::PgPool) -> sqlx::Result<()> {\n    sqlx::query(\"INSERT INTO a DEFAULT VALUES\").execute(pool).await.map(|_| ())\n}\n";
    let files = [
        ("src/lib.rs", "pub mod audit;\npub mod orders;\n"),
        ("src/audit.rs", quiet),
        ("src/orders.rs", orders.as_str()),
    ];
    let mut editor = Editor::start(&files, json!({}));
    editor.open("src/audit.rs", quiet);
    editor.change("src/audit.rs", 2, loud);
    // In a file that is not even open.
    let found = editor.diagnostics("src/orders.rs", None);
    assert_eq!(codes(&found), ["nested_acquire"]);
    assert!(found[0]["relatedInformation"].to_string().contains("src/audit.rs"));
    editor.change("src/audit.rs", 3, quiet);
    assert_eq!(codes(&editor.diagnostics("src/orders.rs", None)), Vec::<&str>::new());
    editor.end();
}

#[test]
fn findings_can_be_silenced_and_comments_removed() {
    let mut editor = Editor::start(&[("src/lib.rs", NESTED)], json!({}));
    editor.open("src/lib.rs", NESTED);
    let range = editor.diagnostics("src/lib.rs", Some(1))[0]["range"].clone();
    let mut version = 1;
    for words in ["Silence nested_acquire here", "Silence nested_acquire in the whole item"] {
        let actions = editor.actions("src/lib.rs", &range);
        let text = editor.applied("src/lib.rs", NESTED, title(&actions, words));
        assert!(text.contains("// letgo: allow(nested_acquire, reason = "), "{text}");
        version += 1;
        editor.change("src/lib.rs", version, &text);
        assert_eq!(codes(&editor.diagnostics("src/lib.rs", Some(version))), Vec::<&str>::new(), "{words}: {text}");
        version += 1;
        editor.change("src/lib.rs", version, NESTED);
        assert_eq!(codes(&editor.diagnostics("src/lib.rs", Some(version))), ["nested_acquire"]);
    }
    // A comment that silences nothing has a fix, which is the preferred action.
    let idle = NESTED.replace("    tx.commit()", "    // letgo: allow(held_across_await)\n    tx.commit()");
    editor.change("src/lib.rs", version + 1, &idle);
    let found = editor.diagnostics("src/lib.rs", Some(version + 1));
    let unused = found.iter().find(|d| d["code"] == "unused_suppression").expect("it is told");
    assert_eq!(unused["tags"], json!([1]));
    let actions = editor.actions("src/lib.rs", &unused["range"]);
    assert_eq!(actions[0]["isPreferred"], true);
    assert_eq!(editor.applied("src/lib.rs", &idle, &actions[0]), NESTED);
    // No edit for a text that was not judged.
    editor.change("src/lib.rs", version + 2, &format!("\n\n{NESTED}pub fn h( {{"));
    assert!(editor.is_silent());
    assert!(editor.actions("src/lib.rs", &range).iter().all(|a| a.get("edit").is_none()));
    editor.end();
}

#[test]
fn what_is_certain_can_be_mended() {
    let direct = NESTED.replace("audit(pool).await?;", "sqlx::query(\"DELETE FROM a\").execute(pool).await?;");
    let mut editor = Editor::start(&[("src/lib.rs", &direct)], json!({}));
    editor.open("src/lib.rs", &direct);
    let range = editor.diagnostics("src/lib.rs", Some(1))[0]["range"].clone();
    let actions = editor.actions("src/lib.rs", &range);
    assert_eq!((&actions[0]["isPreferred"], &actions[0]["kind"]), (&true.into(), &"quickfix".into()));
    let text = editor.applied("src/lib.rs", &direct, &actions[0]);
    assert_eq!(text, direct.replace("execute(pool).await?;\n    tx", "execute(&mut *tx).await?;\n    tx"));
    editor.change("src/lib.rs", 2, &text);
    assert_eq!(codes(&editor.diagnostics("src/lib.rs", Some(2))), Vec::<&str>::new());
    editor.end();
}

#[test]
fn the_page_of_a_lint_is_shown() {
    let mut editor =
        Editor::start(&[("src/lib.rs", NESTED)], json!({ "window": { "showDocument": { "support": true } } }));
    editor.open("src/lib.rs", NESTED);
    let range = editor.diagnostics("src/lib.rs", Some(1))[0]["range"].clone();
    let page = |value: &Value| value.as_str().is_some_and(|text| text.contains("## What it does"));
    let uri = editor.uri("src/lib.rs");
    let hover = editor.ask("textDocument/hover", json!({ "textDocument": { "uri": uri }, "position": range["start"] }));
    assert!(page(&hover["contents"]["value"]), "{hover}");
    let actions = editor.actions("src/lib.rs", &range);
    let command = title(&actions, "Explain nested_acquire")["command"].clone();
    let answer = editor
        .ask("workspace/executeCommand", json!({ "command": command["command"], "arguments": command["arguments"] }));
    assert!(page(&answer), "{answer}");
    let show = editor.wait(|m| m["method"] == "window/showDocument").expect("the editor is asked to show it");
    let file = show["params"]["uri"].as_str().and_then(|uri| uri.strip_prefix("file://")).expect("a file").to_owned();
    assert!(fs::read_to_string(&file).is_ok_and(|text| page(&Value::String(text))));
    editor.write(&json!({ "jsonrpc": "2.0", "id": show["id"], "result": { "success": true } }));
    editor.end();
    assert!(!Path::new(&file).exists(), "nothing is left behind");
}

#[test]
fn wrong_settings_are_said_once_and_mended_ones_count() {
    let capabilities = json!({ "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": true } } });
    let mut editor =
        Editor::start(&[("src/lib.rs", NESTED), ("letgo.toml", "[lints]\nnested_aquire = \"allow\"\n")], capabilities);
    let asked = editor.wait(|m| m["method"] == "client/registerCapability").expect("it wants to know of files");
    assert!(asked.to_string().contains("**/letgo.toml"));
    editor.open("src/lib.rs", NESTED);
    let said = editor.wait(|m| m["method"] == "window/showMessage").expect("it complains");
    assert!(said["params"]["message"].as_str().is_some_and(|m| m.contains("nested_acquire")), "{said}");
    editor.change("src/lib.rs", 2, NESTED);
    assert!(editor.wait_for(SILENCE, |m| m["method"] == "window/showMessage").is_none());
    fs::write(editor.dir.path().join("letgo.toml"), "[lints]\nnested_acquire = \"warn\"\n").expect("it can be written");
    let uri = editor.uri("letgo.toml");
    editor.tell("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": uri, "type": 2 }] }));
    assert_eq!(editor.diagnostics("src/lib.rs", Some(2))[0]["severity"], 2);
    editor.end();
}

#[test]
fn an_editor_that_is_gone_ends_it() {
    let mut editor = Editor::start(&[("src/lib.rs", NESTED)], json!({}));
    editor.open("src/lib.rs", NESTED);
    editor.input = None;
    let end = Instant::now() + PATIENCE;
    while editor.child.try_wait().expect("it can be asked").is_none() {
        assert!(Instant::now() < end, "it goes on without an editor");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What the server keeps between keystrokes is not to be seen: a server that was started for each text says the same.
#[test]
fn a_server_that_has_read_before_says_what_a_fresh_one_says() {
    // It always has a finding of its own, so that something is published whatever the callee does.
    let caller = "pub mod jobs;\npub async fn two(pool: &sqlx::PgPool) -> sqlx::Result<()> {\n    let _tx = pool.begin().await?;\n    \
                  pool.begin().await?.commit().await\n}\npub async fn all(pool: &sqlx::PgPool) -> sqlx::Result<()> {\n    let tx = pool.begin().await?;\n    \
                  jobs::one(pool).await?;\n    tx.commit().await\n}\n";
    let quiet = "pub async fn one(_: &sqlx::PgPool) -> sqlx::Result<()> { Ok(()) }\n";
    let asks = "pub async fn one(pool: &sqlx::PgPool) -> sqlx::Result<()> {\n    \
                sqlx::query(\"SELECT 1\").execute(pool).await.map(drop)\n}\n";
    let files = [("src/lib.rs", caller), ("src/jobs.rs", quiet)];
    let mut editor = Editor::start(&files, json!({}));
    editor.open("src/lib.rs", caller);
    editor.open("src/jobs.rs", quiet);
    let mut seen = Vec::new();
    for (version, text) in [(2, asks), (3, quiet), (4, asks)] {
        editor.change("src/jobs.rs", version, text);
        // What is published for the caller at this version has seen both.
        editor.change("src/lib.rs", version, &format!("{caller}\n// {version}\n"));
        let said = editor.diagnostics("src/lib.rs", Some(version));
        let mut fresh = Editor::start(&files, json!({}));
        fresh.open("src/jobs.rs", text);
        fresh.open("src/lib.rs", &format!("{caller}\n// {version}\n"));
        let anew = fresh.diagnostics("src/lib.rs", Some(1));
        seen.push(said.iter().filter(|d| d["code"] == "nested_acquire").count());
        let plain =
            |list: &[Value], editor: &Editor| serde_json::to_string(list).expect("JSON").replace(&editor.uri(""), "");
        assert_eq!(plain(&said, &editor), plain(&anew, &fresh), "{text}");
        fresh.end();
    }
    assert_eq!(seen, [2, 1, 2], "the callee decides");
    editor.end();
}
