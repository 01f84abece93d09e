//! Canonical paths of std that the language itself leans on: the prelude, `?`, `for`, deref, futures, closures.
//!
//! **Absent on purpose:** what std's functions do; that is data in `rules/`.

use crate::base::Symbol;
use std::sync::LazyLock;

macro_rules! names {
    ($($(#[$meta:meta])* $name:ident = $text:literal;)*) => {
        /// The names, interned once.
        #[derive(Debug)]
        pub struct StdNames { $($(#[$meta])* pub $name: Symbol,)* }
        impl StdNames {
            fn new() -> StdNames { StdNames { $($name: Symbol::new($text),)* } }
        }
    };
}

names! {
    /// `Option`.
    option = "std::option::Option";
    /// `Result`.
    result = "std::result::Result";
    /// What packs call slices and arrays.
    slice = "std::slice::Slice";
    /// `ToString`.
    to_string = "std::string::ToString";
    /// `Vec`.
    vec = "std::vec::Vec";
    /// `Box`.
    boxed = "std::boxed::Box";
    /// `Pin`.
    pin = "std::pin::Pin";
    /// `Arc`.
    arc = "std::sync::Arc";
    /// `Rc`.
    rc = "std::rc::Rc";
    /// `String`.
    string = "std::string::String";
    /// `str`.
    str_ = "str";
    /// `bool`.
    bool_ = "bool";
    /// `HashMap`.
    hash_map = "std::collections::HashMap";
    /// `BTreeMap`.
    btree_map = "std::collections::BTreeMap";
    /// `Deref`.
    deref = "std::ops::Deref";
    /// `Future`.
    future = "std::future::Future";
    /// `IntoFuture`.
    into_future = "std::future::IntoFuture";
    /// `Iterator`.
    iterator = "std::iter::Iterator";
    /// `IntoIterator`.
    into_iterator = "std::iter::IntoIterator";
    /// `Fn`.
    fn_ = "std::ops::Fn";
    /// `FnMut`.
    fn_mut = "std::ops::FnMut";
    /// `FnOnce`.
    fn_once = "std::ops::FnOnce";
    /// `AsyncFn`.
    async_fn = "std::ops::AsyncFn";
    /// `AsyncFnMut`.
    async_fn_mut = "std::ops::AsyncFnMut";
    /// `AsyncFnOnce`.
    async_fn_once = "std::ops::AsyncFnOnce";
    /// `Clone`.
    clone = "std::clone::Clone";
    /// `Default`.
    default = "std::default::Default";
    /// `From`.
    from = "std::convert::From";
    /// The type of a generator block; its argument is what it yields.
    generator = "{generator}";
    /// `Self`.
    self_type = "Self";
    /// `self`.
    self_value = "self";
    /// `super`.
    super_ = "super";
    /// `crate`.
    crate_ = "crate";
    /// `std`.
    std = "std";
    /// `0`.
    zero = "0";
    /// `1`.
    one = "1";
    /// `Some`.
    some = "Some";
    /// `None`.
    none = "None";
    /// `Ok`.
    ok = "Ok";
    /// `Err`.
    err = "Err";
    /// `_`.
    underscore = "_";
    /// `Target`.
    target = "Target";
    /// `Output`.
    output = "Output";
    /// `Item`.
    item = "Item";
    /// Mark of a recursive answer.
    recursion = "{recursion}";
    /// Key of impls for any type.
    any_key = "{any}";
    /// Key of impls for tuples.
    tuple_key = "{tuple}";
    /// Key of impls for slices.
    slice_key = "{slice}";
    /// Key of impls for futures.
    future_key = "{future}";
    /// Key of impls for closures and functions.
    fn_key = "{fn}";
}

static NAMES: LazyLock<StdNames> = LazyLock::new(StdNames::new);

/// The names.
pub fn names() -> &'static StdNames {
    &NAMES
}

/// Primitive types.
pub const PRIMITIVES: &[&str] = &[
    "bool", "char", "str", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize",
    "f32", "f64",
];

/// The prelude: name and path.
const PRELUDE: &[(&str, &str)] = &[
    ("Option", "std::option::Option"),
    ("Some", "std::option::Option::Some"),
    ("None", "std::option::Option::None"),
    ("Result", "std::result::Result"),
    ("Ok", "std::result::Result::Ok"),
    ("Err", "std::result::Result::Err"),
    ("Vec", "std::vec::Vec"),
    ("Box", "std::boxed::Box"),
    ("String", "std::string::String"),
    ("ToString", "std::string::ToString"),
    ("ToOwned", "std::borrow::ToOwned"),
    ("Clone", "std::clone::Clone"),
    ("Copy", "std::marker::Copy"),
    ("Send", "std::marker::Send"),
    ("Sync", "std::marker::Sync"),
    ("Sized", "std::marker::Sized"),
    ("Unpin", "std::marker::Unpin"),
    ("Drop", "std::ops::Drop"),
    ("Fn", "std::ops::Fn"),
    ("FnMut", "std::ops::FnMut"),
    ("FnOnce", "std::ops::FnOnce"),
    ("AsyncFn", "std::ops::AsyncFn"),
    ("AsyncFnMut", "std::ops::AsyncFnMut"),
    ("AsyncFnOnce", "std::ops::AsyncFnOnce"),
    ("drop", "std::mem::drop"),
    ("size_of", "std::mem::size_of"),
    ("AsRef", "std::convert::AsRef"),
    ("AsMut", "std::convert::AsMut"),
    ("Into", "std::convert::Into"),
    ("From", "std::convert::From"),
    ("TryFrom", "std::convert::TryFrom"),
    ("TryInto", "std::convert::TryInto"),
    ("Default", "std::default::Default"),
    ("Iterator", "std::iter::Iterator"),
    ("Extend", "std::iter::Extend"),
    ("IntoIterator", "std::iter::IntoIterator"),
    ("DoubleEndedIterator", "std::iter::DoubleEndedIterator"),
    ("ExactSizeIterator", "std::iter::ExactSizeIterator"),
    ("FromIterator", "std::iter::FromIterator"),
    ("Future", "std::future::Future"),
    ("IntoFuture", "std::future::IntoFuture"),
    ("PartialEq", "std::cmp::PartialEq"),
    ("PartialOrd", "std::cmp::PartialOrd"),
    ("Eq", "std::cmp::Eq"),
    ("Ord", "std::cmp::Ord"),
    ("Debug", "std::fmt::Debug"),
    ("Hash", "std::hash::Hash"),
];

static PRELUDE_MAP: LazyLock<super::fx::FxMap<Symbol, Symbol>> = LazyLock::new(|| {
    let primitives = PRIMITIVES.iter().map(|p| (Symbol::new(p), Symbol::new(p)));
    PRELUDE.iter().map(|(n, p)| (Symbol::new(n), Symbol::new(p))).chain(primitives).collect()
});

/// What a name of the prelude, or a primitive, stands for.
pub fn prelude(name: Symbol) -> Option<Symbol> {
    PRELUDE_MAP.get(&name).copied()
}

/// Whether a trait is one of those by which functions and closures are called.
pub fn is_function(trait_: Symbol) -> bool {
    let n = names();
    [n.fn_, n.fn_mut, n.fn_once, n.async_fn, n.async_fn_mut, n.async_fn_once].contains(&trait_)
}
