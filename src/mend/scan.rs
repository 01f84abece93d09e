//! What the mends ask of a syntax tree: the body and the statements around a place, and how names are used there.
//!
//! **Invariant:** what stands inside a macro's parentheses is tokens, so nothing there is ever a place to edit; as a mention it counts.

use proc_macro2::{TokenStream, TokenTree};
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// Bytes of a node.
pub fn range(node: &impl Spanned) -> Range<usize> {
    node.span().byte_range()
}

/// Whether one range lies in another.
pub fn within(inner: &Range<usize>, outer: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Where a finding stands in its file.
pub struct Site<'a> {
    /// The file.
    pub text: &'a str,
    /// The primary place.
    pub at: Range<usize>,
    /// The acquisition.
    pub acquired: Range<usize>,
    /// The blocks of one body around the primary place, outermost first; the acquisition is in the first.
    pub blocks: Vec<&'a syn::Block>,
}

impl<'a> Site<'a> {
    /// Finds the innermost body; `None` if there is none that holds both places.
    pub fn new(text: &'a str, tree: &'a syn::File, at: Range<usize>, acquired: Range<usize>) -> Option<Site<'a>> {
        let mut around = Around { at: at.clone(), blocks: Vec::new() };
        around.visit_file(tree);
        let blocks = around.blocks;
        let outer = range(*blocks.first()?);
        within(&acquired, &outer).then_some(Site { text, at, acquired, blocks })
    }

    /// The whole body.
    pub fn body(&self) -> &'a syn::Block {
        self.blocks[0]
    }

    /// The text of a node.
    pub fn words(&self, node: &impl Spanned) -> &'a str {
        self.text.get(range(node)).unwrap_or_default()
    }

    /// The white space in front of what begins at an offset, if nothing else stands in front of it on its line.
    pub fn indent(&self, offset: usize) -> Option<(usize, &'a str)> {
        let start = self.text.get(..offset)?.rfind('\n').map_or(0, |i| i + 1);
        let indent = self.text.get(start..offset)?;
        indent.trim().is_empty().then_some((start, indent))
    }

    /// The line break that this file uses.
    pub fn line_break(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// Where the lines of a statement begin and end: with the comment lines right above it, and with its line break. `None` if
    /// something else stands on them.
    pub fn lines(&self, statement: &syn::Stmt) -> Option<Range<usize>> {
        let Range { start, end } = range(statement);
        let (mut start, _) = self.indent(start)?;
        while let Some(above) = self.text[..start].strip_suffix('\n') {
            let line = above.rfind('\n').map_or(0, |i| i + 1);
            let words = self.text[line..start].trim();
            if !words.starts_with("//") || words.starts_with("//!") {
                break;
            }
            start = line;
        }
        let rest = &self.text[end..];
        let line_end = rest.find('\n').map_or(rest.len(), |i| i + 1);
        let after = rest[..line_end].trim();
        (after.is_empty() || after.starts_with("//")).then_some(start..end + line_end)
    }
}

/// Collects the blocks around a place, of its innermost body only.
struct Around<'a> {
    at: Range<usize>,
    blocks: Vec<&'a syn::Block>,
}

impl<'a> Around<'a> {
    /// A body of its own: what was around it is another one.
    fn body(&mut self, node: &impl Spanned, walk: impl FnOnce(&mut Self)) {
        if within(&self.at, &range(node)) {
            self.blocks.clear();
            walk(self);
        }
    }
}

impl<'a> Visit<'a> for Around<'a> {
    fn visit_block(&mut self, block: &'a syn::Block) {
        if within(&self.at, &range(block)) {
            self.blocks.push(block);
            visit::visit_block(self, block);
        }
    }
    fn visit_item_fn(&mut self, node: &'a syn::ItemFn) {
        self.body(node, |this| visit::visit_item_fn(this, node));
    }
    fn visit_impl_item_fn(&mut self, node: &'a syn::ImplItemFn) {
        self.body(node, |this| visit::visit_impl_item_fn(this, node));
    }
    fn visit_trait_item_fn(&mut self, node: &'a syn::TraitItemFn) {
        self.body(node, |this| visit::visit_trait_item_fn(this, node));
    }
    fn visit_expr_closure(&mut self, node: &'a syn::ExprClosure) {
        self.body(node, |this| visit::visit_expr_closure(this, node));
    }
    fn visit_expr_async(&mut self, node: &'a syn::ExprAsync) {
        self.body(node, |this| visit::visit_expr_async(this, node));
    }
}

/// Every expression of a node, outer ones first.
pub fn expressions(block: &syn::Block) -> Vec<&syn::Expr> {
    struct All<'a>(Vec<&'a syn::Expr>);
    impl<'a> Visit<'a> for All<'a> {
        fn visit_expr(&mut self, expr: &'a syn::Expr) {
            self.0.push(expr);
            visit::visit_expr(self, expr);
        }
    }
    let mut all = All(Vec::new());
    all.visit_block(block);
    all.0
}

/// How many `.await`s an expression has.
pub fn waits_in(expr: &syn::Expr) -> usize {
    struct Waits(usize);
    impl<'a> Visit<'a> for Waits {
        fn visit_expr_await(&mut self, node: &'a syn::ExprAwait) {
            self.0 += 1;
            visit::visit_expr_await(self, node);
        }
    }
    let mut waits = Waits(0);
    waits.visit_expr(expr);
    waits.0
}

/// One mention of a name.
pub struct Mention {
    /// Where.
    pub at: Range<usize>,
    /// It is only looked at: behind a single `&`, or in front of a `.`.
    pub looked_at: bool,
}

/// Mentions of a variable's name in tokens: not fields, methods or parts of paths that happen to be called so.
pub fn mentions(tokens: TokenStream, name: &str) -> Vec<Mention> {
    let mut out = Vec::new();
    collect(tokens, name, &mut out);
    out
}

fn collect(tokens: TokenStream, name: &str, out: &mut Vec<Mention>) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let punct = |i: Option<usize>, c: char| matches!(i.and_then(|i| trees.get(i)), Some(TokenTree::Punct(p)) if p.as_char() == c);
    for (i, tree) in trees.iter().enumerate() {
        match tree {
            TokenTree::Group(group) => collect(group.stream(), name, out),
            TokenTree::Ident(ident) if ident == name => {
                let before = i.checked_sub(1);
                let is_field = punct(before, '.') && !punct(i.checked_sub(2), '.');
                let is_path = punct(before, ':') && punct(i.checked_sub(2), ':')
                    || punct(Some(i + 1), ':') && punct(Some(i + 2), ':');
                if !is_field && !is_path {
                    let looked_at = punct(before, '&') || punct(Some(i + 1), '.') && !punct(Some(i + 2), '.');
                    out.push(Mention { at: ident.span().byte_range(), looked_at });
                }
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            // `format!("{name}")` looks at it.
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                let holds = |open: &str| text.contains(&format!("{{{name}{open}"));
                if text.starts_with('"') && (holds("}") || holds(":")) {
                    out.push(Mention { at: literal.span().byte_range(), looked_at: true });
                }
            }
        }
    }
}

/// Names that an expression takes from around it; `None` if a macro hides what it takes.
pub fn taken_names(expr: &syn::Expr) -> Option<Vec<String>> {
    struct Names(Vec<String>, bool);
    impl<'a> Visit<'a> for Names {
        fn visit_expr_path(&mut self, path: &'a syn::ExprPath) {
            self.0.extend(path.path.get_ident().map(ToString::to_string));
        }
        fn visit_macro(&mut self, _: &'a syn::Macro) {
            self.1 = true;
        }
        fn visit_expr_closure(&mut self, _: &'a syn::ExprClosure) {
            self.1 = true;
        }
    }
    let mut names = Names(Vec::new(), false);
    names.visit_expr(expr);
    (!names.1).then_some(names.0)
}
