//! Connections that stay in a pool of one's own after it was shut: a part of `unreleased_on_path`.
//!
//! **Invariant:** a pool that nothing empties is told where its flag is set; else each place that puts in, by itself.

use super::{Cx, words};
use crate::analyse::Event;
use crate::analyse::shut::LeftBehind;
use crate::base::{Confidence, Finding};

/// The findings of a body.
pub fn findings<'a>(cx: &'a Cx<'_>, lint: &'static str) -> impl Iterator<Item = Finding> + 'a {
    cx.events().events.iter().filter_map(move |event| match event {
        Event::LeftBehind(left) => Some(match left.emptied {
            Some(emptied) => put_in(cx, lint, left, emptied),
            None => kept(cx, lint, left),
        }),
        _ => None,
    })
}

/// Nothing takes out what lies there when the flag is set.
fn kept(cx: &Cx<'_>, lint: &'static str, left: &LeftBehind) -> Finding {
    let (flag, into) = (left.flag, left.into);
    let mut finding = words::finding(cx, lint, Confidence::Medium, left.set, None);
    finding.resource = into.to_string();
    finding.message =
        format!("the connections in `{into}` stay open when `{flag}` is set: nothing takes them out any more");
    finding.steps.push(words::step(left.set, format!("`{flag}` is set here, and `{into}` is left as it is")));
    finding.steps.push(words::step(left.refused, "from then on nothing is taken out here"));
    finding.steps.extend(left.put.map(|put| words::step(put, "while connections that come back are put in here")));
    finding.steps = words::order_steps(std::mem::take(&mut finding.steps), left.set);
    finding.kinds.push(String::from("kept when shut"));
    finding.why = format!("nobody gets them and nobody closes them: they stay open for as long as `{into}` is there");
    finding.help = format!(
        "empty `{into}` where `{flag}` is set, and look at `{flag}` under the lock before a connection is put in"
    );
    finding
}

/// What lies there is taken out, but what comes back meanwhile is not.
fn put_in(cx: &Cx<'_>, lint: &'static str, left: &LeftBehind, emptied: crate::base::Span) -> Finding {
    let (flag, into) = (left.flag, left.into);
    let at = left.put.unwrap_or(left.set);
    let mut finding = words::finding(cx, lint, Confidence::Medium, at, None);
    finding.resource = into.to_string();
    finding.message = match left.looked {
        Some(_) => format!("a connection may be put into `{into}` after `{flag}` was set and `{into}` emptied"),
        None => format!("a connection is put into `{into}` also when `{flag}` is set, after `{into}` was emptied"),
    };
    finding.steps.push(words::step(emptied, format!("`{into}` is emptied here, once, when `{flag}` is set")));
    finding.steps.extend(
        left.looked.map(|look| words::step(look, format!("`{flag}` is looked at here, before the lock is taken"))),
    );
    finding.steps.push(words::step(at, "put in here, from which nothing is taken out any more"));
    finding.steps = words::order_steps(std::mem::take(&mut finding.steps), at);
    finding.kinds.push(String::from("put in when shut"));
    finding.why = format!("nobody gets it and nobody closes it: it stays open for as long as `{into}` is there");
    finding.help = format!("look at `{flag}` under the lock of `{into}`, and drop the connection when it is set");
    finding
}
