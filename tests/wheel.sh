#!/usr/bin/env bash
# The wheel, installed into a fresh environment, and run by the real pre-commit as packaging/pre-commit has it, without Rust on PATH.
# Needs python3 with venv; takes maturin and pre-commit from PyPI. usage: tests/wheel.sh [WHEEL]; without WHEEL one is built (PROFILE=release).
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() { echo "FAILED: $*"; [ ! -e "$scratch/log" ] || sed 's/^/    /' "$scratch/log"; exit 1; }

python3 -m venv "$scratch/tools"
"$scratch/tools/bin/pip" install --quiet --disable-pip-version-check maturin pre-commit
mkdir "$scratch/wheels"
if [ $# -gt 0 ]; then
    cp "$1" "$scratch/wheels"
else
    (cd "$here" && "$scratch/tools/bin/maturin" build --quiet --profile "${PROFILE:-release}" --out "$scratch/wheels")
fi
wheel=$(echo "$scratch"/wheels/letgo-*.whl)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/Cargo.toml" | head -1)
echo "wheel: $(basename "$wheel"), $(du -k "$wheel" | cut -f1) KiB"

# Installed, with nothing fetched.
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check --no-index "$wheel"
[ "$("$scratch/venv/bin/letgo" --version)" = "letgo $version" ] || fail "the installed program is not letgo $version"
"$scratch/venv/bin/cargo-letgo" letgo --version | grep -q "$version" || fail "cargo letgo is not in the wheel"
"$scratch/venv/bin/pip" show --files letgo >"$scratch/log"
if grep -qE '\.(py|rs)$' "$scratch/log"; then fail "the wheel holds sources"; fi
for license in LICENSE-APACHE LICENSE-MIT; do grep -q "$license" "$scratch/log" || fail "the wheel lacks $license"; done
echo "installed: letgo $version"

# The hook's repository, and a project that uses it. pre-commit may take wheels from the folder only.
"$scratch/tools/bin/pip" download --quiet --disable-pip-version-check --dest "$scratch/wheels" "setuptools>=61"
export HOME=$scratch PRE_COMMIT_HOME=$scratch/cache PRE_COMMIT_COLOR=never GIT_CONFIG_NOSYSTEM=1
export PIP_NO_INDEX=1 PIP_FIND_LINKS=$scratch/wheels PATH=$scratch/tools/bin:/usr/bin:/bin
if command -v cargo letgo; then fail "Rust or letgo is on PATH"; fi
git config --global user.name a && git config --global user.email a@example.com
git config --global init.defaultBranch main && git config --global protocol.file.allow always
cp -r "$here/packaging/pre-commit" "$scratch/hooks"
grep -q "letgo==$version" "$scratch/hooks/pyproject.toml" || fail "packaging/pre-commit wants another version than $version"
git -C "$scratch/hooks" init -q && git -C "$scratch/hooks" add . && git -C "$scratch/hooks" commit -qm hooks
mkdir -p "$scratch/shop/src" && cd "$scratch/shop" && git init -q
printf '[package]\nname = "shop"\nedition = "2021"\n[dependencies]\nsqlx = "0.8"\n' >Cargo.toml
printf 'repos:\n- repo: file://%s/hooks\n  rev: %s\n  hooks:\n  - id: letgo\n' "$scratch" "$(git -C "$scratch/hooks" rev-parse HEAD)" >.pre-commit-config.yaml
echo "pub fn f() {}" >src/lib.rs
git add . && pre-commit install >/dev/null
git commit -qm clean >"$scratch/log" 2>&1 || fail "a clean commit was refused"
echo "passes: a clean commit"
cat >>src/lib.rs <<'RUST'
pub async fn order(pool: &sqlx::PgPool) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    sqlx::query("INSERT INTO a DEFAULT VALUES").execute(&mut *tx).await?;
    sqlx::query("INSERT INTO b DEFAULT VALUES").execute(pool).await?;
    tx.commit().await
}
RUST
git add . && if git commit -qm nested >"$scratch/log" 2>&1; then fail "nested_acquire was committed"; fi
grep -qF "error[letgo::nested_acquire]" "$scratch/log" || fail "it is refused without saying why"
echo "refused: nested_acquire"
echo "all as it should be"
