//! Our own language: what a source file says, in a form that can cross threads.
//!
//! Owns: items ([`item`]), written types and paths ([`ty`]), macro shapes ([`shape`]), bodies as control-flow graphs ([`body`]), and how they print
//! ([`print`], for `letgo dump`).
//!
//! **Invariant:** `FileIr: Send + Sync`; nothing here is resolved, nothing knows a library, a connection or `syn`.

pub mod body;
pub mod item;
pub mod print;
pub mod shape;
pub mod ty;

pub use body::*;
pub use item::*;
pub use shape::MacroShape;
pub use ty::*;

// See `body`: a field too many here costs every workspace memory and time.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Stmt>() <= 72 && size_of::<Operand>() <= 32);

const _: () = {
    const fn send_sync<T: Send + Sync>() {}
    send_sync::<FileIr>();
};
