#!/usr/bin/env bash
# The hooks, run by the real pre-commit in a scratch repository. Needs pre-commit (PyPI) and a built letgo.
# usage: tests/pre-commit.sh [LETGO]
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
letgo=$(realpath "${1:-$here/target/debug/letgo}")
command -v pre-commit >/dev/null || { echo "pre-commit is not installed: pip install pre-commit"; exit 2; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export HOME=$scratch PRE_COMMIT_HOME=$scratch/cache PRE_COMMIT_COLOR=never GIT_CONFIG_NOSYSTEM=1
mkdir "$scratch/bin" && ln -s "$letgo" "$scratch/bin/letgo"
export PATH=$scratch/bin:$PATH
git config --global user.name a && git config --global user.email a@example.com
git config --global init.defaultBranch main && git config --global protocol.file.allow always

fail() { echo "FAILED: $*"; sed 's/^/    /' "$scratch/log"; exit 1; }
# commit NAME: tries to commit what is staged; the log is kept.
commit() { git commit -m "$1" >"$scratch/log" 2>&1; }
refused() {
    local name=$1; shift
    if commit "$name"; then fail "$name was committed"; fi
    for words in "$@"; do grep -qF -- "$words" "$scratch/log" || fail "$name is refused without saying: $words"; done
    echo "refused: $name"
}
passes() { commit "$1" || fail "$1 was refused"; echo "passes: $1"; }

# pre-commit takes hooks from a repository; this is ours as it stands.
mkdir "$scratch/hooks" && cp "$here/.pre-commit-hooks.yaml" "$scratch/hooks"
git -C "$scratch/hooks" init -q && git -C "$scratch/hooks" add . && git -C "$scratch/hooks" commit -qm hooks
rev=$(git -C "$scratch/hooks" rev-parse HEAD)

# A project with an old finding.
mkdir -p "$scratch/shop/src" && cd "$scratch/shop" && git init -q
cat >Cargo.toml <<'TOML'
[package]
name = "shop"
edition = "2021"
[dependencies]
sqlx = "0.8"
reqwest = "0.12"
anyhow = "1"
TOML
nested() {
    cat <<RUST
pub async fn $1(pool: &sqlx::PgPool) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    sqlx::query("INSERT INTO a DEFAULT VALUES").execute(&mut *tx).await?;
    sqlx::query("INSERT INTO b DEFAULT VALUES").execute(pool).await?;
    tx.commit().await
}
RUST
}
nested old >src/lib.rs
printf 'repos:\n- repo: file://%s/hooks\n  rev: %s\n  hooks:\n  - id: letgo\n' "$scratch" "$rev" >.pre-commit-config.yaml
git add . && git commit -qm "old sins"
pre-commit install >/dev/null

{ echo "// an unrelated line"; nested old; echo "pub fn unrelated() {}"; } >src/lib.rs
git add . && passes "an unrelated edit in a file with an old finding"

nested fresh >>src/lib.rs
git add . && refused "nested_acquire" "error[letgo::nested_acquire]" "src/lib.rs:12:5" "silence: \`// letgo: allow(nested_acquire" "exit code: 1"
git restore --staged --worktree .

cat >>src/lib.rs <<'RUST'
pub async fn forget(pool: &sqlx::PgPool) -> sqlx::Result<()> {
    let conn = pool.acquire().await?;
    std::mem::forget(conn);
    Ok(())
}
RUST
git add . && refused "forgotten_connection" "error[letgo::forgotten_connection]" "exit code: 1"
git restore --staged --worktree .

cat >>src/lib.rs <<'RUST'
pub async fn quote(pool: &sqlx::PgPool, http: &reqwest::Client) -> anyhow::Result<()> {
    let mut conn = pool.acquire().await?;
    http.get("https://carrier.example").send().await?;
    sqlx::query("UPDATE parcels SET sent = true").execute(&mut *conn).await?;
    Ok(())
}
RUST
git add . && refused "held across HTTP" "error[letgo::held_across_await]" "exit code: 1"

# Partially staged: the bad code is in the working tree only, then in the index only.
git restore --staged . && echo "pub fn staged() {}" >src/staged.rs && git add src/staged.rs
passes "a bad edit that is not staged"
git add src/lib.rs && git show HEAD:src/lib.rs >src/lib.rs
refused "a bad edit that only the index has" "error[letgo::held_across_await]"
git restore --staged --worktree .

# A plain git hook, as `letgo init` writes it.
pre-commit uninstall >/dev/null
letgo init >/dev/null && git config core.hooksPath .githooks
git add . && passes "what letgo init wrote"
nested fresh >>src/lib.rs
git add . && refused "nested_acquire with the plain hook" "error[letgo::nested_acquire]"
git restore --staged . && git commit -q -m "with -a" -a >"$scratch/log" 2>&1 && fail "commit -a got past the plain hook"
echo "refused: commit -a with the plain hook"
echo "all as it should be"
