//! `letgo server`: the findings while one types, by the language server protocol on standard input and output.
//!
//! Owns: the conversation (here), [`watch`] (when and what is judged), [`text`] (positions and addresses as editors write them),
//! [`diagnostics`] (findings as they are published), [`actions`] (what can be done about one).
//!
//! **Invariants:** what is judged is the text of the editor's buffers over the files on disk; the conversation never waits for a
//! judgement; an edit is offered only for the very text that was judged; nothing but the protocol is written to standard
//! output. **Absent on purpose:** settings of its own. `letgo.toml`, comments and the baseline count as they do for a check.

mod actions;
mod diagnostics;
mod text;
mod watch;

use super::{Stop, print};
use crate::pipeline::work;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::notification::{self as note, Notification as _};
use lsp_types::request::{self as ask, Request as _};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionParams, CodeActionProviderCapability, DidChangeTextDocumentParams,
    DidChangeWatchedFilesParams, DidChangeWatchedFilesRegistrationOptions, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DidSaveTextDocumentParams, ExecuteCommandOptions, ExecuteCommandParams,
    FileSystemWatcher, GlobPattern, HoverParams, HoverProviderCapability, InitializeParams, InitializeResult,
    Registration, RegistrationParams, ServerCapabilities, ServerInfo, ShowDocumentParams, TextDocumentSyncCapability,
    TextDocumentSyncKind, TextDocumentSyncOptions, Uri,
};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use text::Encoding;
use watch::{Shared, Why};

/// The command behind "Explain".
const EXPLAIN: &str = "letgo.explain";

/// What letgo and the editor agreed on.
#[derive(Clone, Copy, Debug, Default)]
struct Agreed {
    encoding: Encoding,
    /// The editor can open a document when asked.
    shows_documents: bool,
    /// The editor tells of files that change on disk, if asked to.
    watches_files: bool,
}

/// Runs the command: serves until the editor says goodbye.
pub fn run() -> Result<ExitCode, Stop> {
    // An editor that is gone is no failure of letgo's; what stdout holds is the protocol's own.
    let (connection, io) = Connection::stdio();
    let Some(agreed) = greet(&connection) else {
        drop(connection);
        let _ = io.join();
        return Ok(ExitCode::SUCCESS);
    };
    let shared = Arc::new(Shared::new(agreed.encoding));
    let (for_worker, sender) = (Arc::clone(&shared), connection.sender.clone());
    let send = move |message| drop(sender.send(message));
    let worker = work::beside(move || watch::work(&for_worker, &send));
    Conversation { connection: &connection, shared: &shared, agreed, pages: Pages::default() }.serve();
    shared.stop();
    // The worker holds a sender, without which the writing thread does not end.
    if let Some(worker) = worker {
        let _ = worker.join();
    }
    drop(connection);
    let _ = io.join();
    print("").map(|()| ExitCode::SUCCESS)
}

/// The handshake; `None` if the editor goes before it is done.
fn greet(connection: &Connection) -> Option<Agreed> {
    let (id, params) = connection.initialize_start().ok()?;
    let params: InitializeParams = serde_json::from_value(params).ok()?;
    let general = params.capabilities.general.unwrap_or_default();
    let window = params.capabilities.window.unwrap_or_default();
    let workspace = params.capabilities.workspace.unwrap_or_default();
    let agreed = Agreed {
        encoding: Encoding::of(general.position_encodings.as_deref().unwrap_or_default()),
        shows_documents: window.show_document.is_some_and(|able| able.support),
        watches_files: workspace
            .did_change_watched_files
            .is_some_and(|able| able.dynamic_registration.unwrap_or(false)),
    };
    let sync = TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(TextDocumentSyncKind::FULL),
        save: Some(true.into()),
        ..TextDocumentSyncOptions::default()
    };
    let result = InitializeResult {
        capabilities: ServerCapabilities {
            position_encoding: Some(agreed.encoding.kind()),
            text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
            hover_provider: Some(HoverProviderCapability::Simple(true)),
            code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
                code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
                ..CodeActionOptions::default()
            })),
            execute_command_provider: Some(ExecuteCommandOptions {
                commands: vec![EXPLAIN.to_owned()],
                ..ExecuteCommandOptions::default()
            }),
            ..ServerCapabilities::default()
        },
        server_info: Some(ServerInfo { name: "letgo".to_owned(), version: Some(env!("CARGO_PKG_VERSION").to_owned()) }),
    };
    connection.initialize_finish(id, serde_json::to_value(result).ok()?).ok()?;
    Some(agreed)
}

struct Conversation<'a> {
    connection: &'a Connection,
    shared: &'a Shared,
    agreed: Agreed,
    pages: Pages,
}

impl Conversation<'_> {
    fn serve(&self) {
        if self.agreed.watches_files {
            self.watch_files();
        }
        for message in &self.connection.receiver {
            match message {
                Message::Request(request) => match self.connection.handle_shutdown(&request) {
                    Ok(false) => self.answer(request),
                    Ok(true) | Err(_) => return,
                },
                Message::Notification(notification) => self.hear(notification),
                // To what letgo asks no answer is needed.
                Message::Response(_) => {}
            }
        }
    }

    fn send(&self, message: impl Into<Message>) {
        // If nobody listens any more, the receiver ends next.
        let _ = self.connection.sender.send(message.into());
    }

    fn answer(&self, request: Request) {
        let id = request.id.clone();
        let response = match request.method.as_str() {
            ask::CodeActionRequest::METHOD => self
                .params::<CodeActionParams>(request)
                .map(|params| Response::new_ok(id, actions::for_range(self.shared, &params, self.agreed.encoding))),
            ask::HoverRequest::METHOD => self
                .params::<HoverParams>(request)
                .map(|params| Response::new_ok(id, actions::hover(self.shared, &params, self.agreed.encoding))),
            ask::ExecuteCommand::METHOD => {
                self.params::<ExecuteCommandParams>(request).map(|params| self.execute(id, &params))
            }
            _ => Err(Response::new_err(
                id,
                ErrorCode::MethodNotFound as i32,
                format!("letgo does not know {}", request.method),
            )),
        };
        self.send(response.unwrap_or_else(|error| error));
    }

    fn params<P: serde::de::DeserializeOwned>(&self, request: Request) -> Result<P, Response> {
        serde_json::from_value(request.params)
            .map_err(|e| Response::new_err(request.id, ErrorCode::InvalidParams as i32, e.to_string()))
    }

    fn execute(&self, id: RequestId, params: &ExecuteCommandParams) -> Response {
        let lint = params.arguments.first().and_then(|word| word.as_str()).unwrap_or_default();
        let Some(page) = actions::page(lint).filter(|_| params.command == EXPLAIN) else {
            let words = format!("letgo cannot do {} {lint}", params.command);
            return Response::new_err(id, ErrorCode::InvalidParams as i32, words);
        };
        if self.agreed.shows_documents
            && let Some(uri) = self.pages.file(lint, &page)
        {
            let params = ShowDocumentParams { uri, external: Some(false), take_focus: Some(true), selection: None };
            let params = serde_json::to_value(params).unwrap_or_default();
            self.send(Request { id: format!("show {lint}").into(), method: ask::ShowDocument::METHOD.into(), params });
        }
        Response::new_ok(id, page)
    }

    fn hear(&self, notification: Notification) {
        match notification.method.as_str() {
            note::DidOpenTextDocument::METHOD => {
                if let Ok(params) = serde_json::from_value::<DidOpenTextDocumentParams>(notification.params) {
                    let document = params.text_document;
                    self.shared.open(&document.uri, document.version, document.text);
                }
            }
            note::DidChangeTextDocument::METHOD => {
                if let Ok(params) = serde_json::from_value::<DidChangeTextDocumentParams>(notification.params) {
                    // Whole texts were agreed on; the last one counts.
                    if let Some(change) = params.content_changes.into_iter().next_back() {
                        self.shared.change(&params.text_document.uri, params.text_document.version, change.text);
                    }
                }
            }
            note::DidSaveTextDocument::METHOD => {
                if let Ok(params) = serde_json::from_value::<DidSaveTextDocumentParams>(notification.params) {
                    self.shared.touch(&params.text_document.uri, Why::Saved);
                }
            }
            note::DidCloseTextDocument::METHOD => {
                if let Ok(params) = serde_json::from_value::<DidCloseTextDocumentParams>(notification.params) {
                    self.shared.close(&params.text_document.uri);
                }
            }
            note::DidChangeWatchedFiles::METHOD => {
                if let Ok(params) = serde_json::from_value::<DidChangeWatchedFilesParams>(notification.params) {
                    for change in &params.changes {
                        self.shared.touch(&change.uri, Why::Saved);
                    }
                }
            }
            _ => {}
        }
    }

    fn watch_files(&self) {
        let watcher = |glob: &str| FileSystemWatcher { glob_pattern: GlobPattern::String(glob.to_owned()), kind: None };
        let options = DidChangeWatchedFilesRegistrationOptions {
            watchers: ["**/*.rs", "**/Cargo.toml", "**/letgo.toml", "**/letgo-baseline.json"].map(watcher).to_vec(),
        };
        let registration = Registration {
            id: "files".to_owned(),
            method: note::DidChangeWatchedFiles::METHOD.to_owned(),
            register_options: serde_json::to_value(options).ok(),
        };
        let params = serde_json::to_value(RegistrationParams { registrations: vec![registration] }).unwrap_or_default();
        let method = ask::RegisterCapability::METHOD.to_owned();
        self.send(Request { id: "files".to_owned().into(), method, params });
    }
}

/// A folder of letgo's own for pages, made when the first one is asked for and gone with the conversation.
#[derive(Default)]
struct Pages(std::cell::OnceCell<Option<PathBuf>>);

impl Pages {
    /// A lint's page as a file that an editor can open.
    fn file(&self, lint: &str, page: &str) -> Option<Uri> {
        let folder = self.0.get_or_init(|| {
            let folder = std::env::temp_dir().join(format!("letgo-pages-{}", std::process::id()));
            // A folder that is there already is somebody else's, and could lead anywhere.
            std::fs::create_dir(&folder).ok().map(|()| folder)
        });
        let file = folder.as_ref()?.join(format!("{lint}.md"));
        std::fs::write(&file, page).ok()?;
        text::uri(&file)
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        if let Some(Some(folder)) = self.0.get() {
            // What cannot be removed is left to the system's own cleaning.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
