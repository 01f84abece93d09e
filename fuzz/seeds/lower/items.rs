#!/usr/bin/env run
//! Doc.
mod a { pub use super::*; #[cfg(test)] mod t {} }
impl<T: B> Deref for W<T> where T: 'static { type Target = T; fn deref(&self) -> &T { &self.0 } }
static S: LazyLock<P> = LazyLock::new(|| async move { 'a: loop { break 'a 1 } });
