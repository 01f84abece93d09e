//! `tx.commit();` → `tx.commit().await?;`. With `?` only where the acquisition of the same body has one; nothing is done to a commit
//! whose future is kept.

use super::Mend;
use super::scan::{Site, expressions, range};

/// The candidate.
pub fn mend(site: &Site<'_>) -> Mend {
    let call = expressions(site.body()).into_iter().find(|e| range(*e) == site.at)?;
    if !matches!(call, syn::Expr::MethodCall(_) | syn::Expr::Call(_)) {
        return None;
    }
    let mut statements = site.blocks.iter().flat_map(|block| &block.stmts);
    let suffix = statements.find_map(|statement| match statement {
        syn::Stmt::Expr(expr, Some(_)) if range(expr) == site.at => {
            let after = site.text.get(site.acquired.end..)?;
            after.trim_start().strip_prefix(".await")?.trim_start().starts_with('?').then_some(".await?")
        }
        syn::Stmt::Local(local) if matches!(local.pat, syn::Pat::Wild(_)) => {
            local.init.as_ref().is_some_and(|init| range(&*init.expr) == site.at).then_some(".await")
        }
        _ => None,
    })?;
    Some((format!("await `{}`", site.words(call)), vec![(site.at.end..site.at.end, suffix.to_owned())]))
}
