#!/usr/bin/env python3
"""The settings of docs/editors.md in a real rust-analyzer: letgo's findings and the compiler's warnings, both in the editor.

usage: tests/rust-analyzer.py [--letgo PROGRAM] [--rust-analyzer PROGRAM]

Needs rust-analyzer (`rustup component add rust-analyzer`) and cargo. The check command is taken from the page as it stands there.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PATIENCE = 180
# Enough of a library to compile; what letgo knows of it stands in rules/.
LIBRARY = """#[derive(Clone)]
pub struct PgPool;
#[derive(Debug)]
pub struct Error;
pub type Result<T> = std::result::Result<T, Error>;
pub struct Connection;
pub struct Transaction(Connection);
pub struct Query;
impl PgPool {
    pub async fn begin(&self) -> Result<Transaction> {
        Ok(Transaction(Connection))
    }
}
impl Transaction {
    pub async fn commit(self) -> Result<()> {
        Ok(())
    }
}
impl std::ops::Deref for Transaction {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        &self.0
    }
}
impl std::ops::DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}
pub fn query(_: &str) -> Query {
    Query
}
impl Query {
    pub async fn execute<E>(self, _: E) -> Result<()> {
        Ok(())
    }
}
"""
CODE = """pub async fn order(pool: &sqlx::PgPool) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    sqlx::query("INSERT INTO orders DEFAULT VALUES").execute(&mut *tx).await?;
    sqlx::query("INSERT INTO audit DEFAULT VALUES").execute(pool).await?;
    tx.commit().await
}

pub fn other() {
    let unused = 1;
}
"""


def settings():
    page = (HERE / "docs/editors.md").read_text()
    blocks = re.findall(r"```json\n(.*?)```", page, re.S)
    command = next(json.loads(b)["rust-analyzer.check.overrideCommand"] for b in blocks if "overrideCommand" in b)
    return {"check": {"overrideCommand": command}, "cargo": {"buildScripts": {"enable": False}}, "procMacro": {"enable": False}}


class Server:
    def __init__(self, command, root, environment):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=root, env=environment)
        self.diagnostics, self.settings, self.answers, self.id = {}, settings(), {}, 0
        threading.Thread(target=self.listen, daemon=True).start()

    def send(self, message):
        text = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(text), text))
        self.process.stdin.flush()

    def ask(self, method, params):
        self.id += 1
        self.send({"id": self.id, "method": method, "params": params})
        return self.wait(lambda: self.id in self.answers and self.answers)[self.id]

    def listen(self):
        while True:
            length = 0
            while line := self.process.stdout.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            if not length:
                return
            message = json.loads(self.process.stdout.read(length))
            if "method" not in message:
                self.answers[message["id"]] = message.get("result")
            elif message["method"] == "textDocument/publishDiagnostics":
                self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
            elif message["method"] == "workspace/configuration":
                self.send({"id": message["id"], "result": [self.settings for _ in message["params"]["items"]]})
            elif "id" in message:
                self.send({"id": message["id"], "result": None})

    def wait(self, done):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if found := done():
                return found
            time.sleep(0.1)
        sys.exit(f"FAILED: not in {PATIENCE} s; the editor was told: {json.dumps(self.diagnostics, indent=1)[:3000]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--letgo", default=HERE / "target/debug/letgo", type=Path)
    parser.add_argument("--rust-analyzer", default="rust-analyzer")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch).resolve()
        library, root, programs = scratch / "sqlx", scratch / "shop", scratch / "bin"
        for folder, name, code in ((library, "sqlx", LIBRARY), (root, "shop", CODE)):
            (folder / "src").mkdir(parents=True)
            (folder / "Cargo.toml").write_text(f'[package]\nname = "{name}"\nversion = "0.8.0"\nedition = "2021"\n')
            (folder / "src/lib.rs").write_text(code)
        with (root / "Cargo.toml").open("a") as manifest:
            manifest.write('[dependencies]\nsqlx = { version = "0.8", path = "../sqlx" }\n')
        programs.mkdir()
        (programs / "letgo").symlink_to(args.letgo.resolve())
        environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
        version = subprocess.run([args.rust_analyzer, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        server = Server([args.rust_analyzer], root, environment)
        server.ask("initialize", {"processId": os.getpid(), "rootUri": root.as_uri(), "workspaceFolders": [{"uri": root.as_uri(), "name": "shop"}], "initializationOptions": server.settings,
            "capabilities": {"workspace": {"configuration": True}, "textDocument": {"publishDiagnostics": {"relatedInformation": True}}}})
        server.send({"method": "initialized", "params": {}})
        uri = (root / "src/lib.rs").as_uri()
        server.send({"method": "textDocument/didOpen", "params": {"textDocument": {"uri": uri, "languageId": "rust", "version": 1, "text": CODE}}})
        server.send({"method": "textDocument/didSave", "params": {"textDocument": {"uri": uri}}})
        told = lambda source: [d for d in server.diagnostics.get(uri, []) if d.get("source") == source and d.get("severity", 4) < 4]
        server.wait(lambda: told("letgo") and told("rustc"))
        [finding], [warning] = told("letgo"), told("rustc")
        assert finding["code"] == "nested_acquire" and finding["range"]["start"] == {"line": 3, "character": 4}, finding
        assert finding["severity"] == 1 and len(finding["relatedInformation"]) >= 2, finding
        assert warning["code"] == "unused_variables", warning
        server.ask("shutdown", None)
        server.send({"method": "exit"})
        server.process.wait(30)
        print(f"{version}: {finding['code']} with {len(finding['relatedInformation'])} related places, beside {warning['code']} of the compiler")


main()
