//! `let conn = pool.acquire().await?;` moves below waits that come before its first use.
//!
//! Refused where what stands between could see the difference: it names the variable, or does more than look at what the
//! acquisition is made from; and where the statement also waits for something else, which may be a lock that is meant to be held.

use super::Mend;
use super::scan::{Site, mentions, range, taken_names, waits_in, within};
use quote::ToTokens;
use syn::{Pat, Stmt};

/// The candidate.
pub fn mend(site: &Site<'_>, variable: &str) -> Mend {
    let (block, at) = site.blocks.iter().find_map(|block| {
        let at = block.stmts.iter().position(|s| is_its_let(site, s, variable))?;
        Some((*block, at))
    })?;
    let Stmt::Local(acquisition) = &block.stmts[at] else { return None };
    let init = acquisition.init.as_ref().filter(|init| init.diverge.is_none())?;
    let names = taken_names(&init.expr)?;
    if waits_in(&init.expr) > 1 {
        return None;
    }
    let rest = &block.stmts[at + 1..];
    let names_it = |s: &Stmt| !mentions(s.to_token_stream(), variable).is_empty();
    let between = rest.iter().position(names_it)?;
    let waits = rest.iter().position(|s| within(&site.at, &range(s)))?;
    if waits >= between || !rest[..between].iter().all(|s| leaves_alone(s, &names)) {
        return None;
    }
    let lines = site.lines(&block.stmts[at])?;
    let target = site.lines(&rest[between]).map(|lines| lines.start)?;
    let mut moved = site.text[lines.clone()].to_owned();
    if !moved.ends_with('\n') {
        moved += site.line_break();
    }
    let removed = lines.start..lines.end + gap(site, &lines);
    let message = format!("acquire `{variable}` after this wait, before its first use");
    Some((message, vec![(removed, String::new()), (target..target, moved)]))
}

/// The blank line after some lines, if without it one blank line is left, or the block begins with it.
fn gap(site: &Site<'_>, lines: &std::ops::Range<usize>) -> usize {
    let (before, after) = (&site.text[..lines.start], &site.text[lines.end..]);
    let end = after.find('\n').map_or(after.len(), |i| i + 1);
    let above = before.lines().next_back().unwrap_or_default().trim_end();
    let is_spare = above.trim().is_empty() || above.ends_with('{');
    if is_spare && after[..end].trim().is_empty() { end } else { 0 }
}

/// `let variable = …acquired…;`
fn is_its_let(site: &Site<'_>, statement: &Stmt, variable: &str) -> bool {
    let Stmt::Local(local) = statement else { return false };
    let mut pat = &local.pat;
    if let Pat::Type(typed) = pat {
        pat = &typed.pat;
    }
    let is_it = matches!(pat, Pat::Ident(ident) if ident.ident == variable && ident.subpat.is_none());
    is_it && local.init.as_ref().is_some_and(|init| within(&site.acquired, &range(&*init.expr)))
}

/// Whether a statement only looks at these names.
fn leaves_alone(statement: &Stmt, names: &[String]) -> bool {
    if matches!(statement, Stmt::Item(_)) {
        return false;
    }
    let tokens = statement.to_token_stream();
    let takes = !mentions(tokens.clone(), "move").is_empty();
    names.iter().all(|name| {
        let found = mentions(tokens.clone(), name);
        found.is_empty() || !takes && found.iter().all(|m| m.looked_at)
    })
}
