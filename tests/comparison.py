#!/usr/bin/env python3
"""letgo beside clippy, ast-grep and semgrep on the functions of fixtures/comparison, and their time and memory on one tree.

usage: tests/comparison.py [--letgo PROGRAM] [--write] [--time DIR] [--no-clippy] [--runs N]

Makes an environment with the pinned tools under target/comparison (python3 with venv, PyPI), compiles the crate against the real
libraries, and prints a table of functions and tools. `--write` puts it into docs/comparison.md. A finding counts for the function
in whose lines it stands. `--time DIR` measures all of them on one tree instead, in turn, and prints the least wall time of N
runs with the memory of the largest process; clippy once with an empty build folder and then after a change of one file.
"""
import argparse, datetime, json, os, pathlib, re, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CRATE = ROOT / "fixtures/comparison"
PAGE = ROOT / "docs/comparison.md"
TOOLS = ROOT / "target/comparison"
PINNED = ["ast-grep-cli==0.51.1", "semgrep==1.185.0"]
# What clippy has for this: the first are on without being asked for, the others are asked for, as far as clippy.toml tells more.
ON = ["clippy::await_holding_lock", "clippy::await_holding_refcell_ref", "clippy::let_underscore_lock", "clippy::let_underscore_future",
      "unused_must_use", "let_underscore_lock"]
ASKED = ["clippy::await_holding_invalid_type", "clippy::disallowed_methods", "clippy::significant_drop_tightening",
         "clippy::significant_drop_in_scrutinee", "clippy::if_let_mutex"]


def run(command, **more):
    return subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def tools():
    """The folder of the pinned programs."""
    folder = TOOLS / "bin"
    if not (folder / "ast-grep").exists() or not (folder / "semgrep").exists():
        subprocess.run([sys.executable, "-m", "venv", TOOLS], check=True)
        subprocess.run([folder / "pip", "install", "--quiet", "--disable-pip-version-check", *PINNED], check=True)
    os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"
    return folder


def semgrep(folder, *where):
    return [folder / "semgrep", "scan", "--metrics=off", "--disable-version-check", "--quiet", "--json", "--config",
            CRATE / "rules/semgrep.yml", *where]


def ast_grep(folder, *where):
    return [folder / "ast-grep", "scan", "--rule", CRATE / "rules/ast-grep.yml", "--json=compact", *where]


def clippy(lints):
    return ["cargo", "clippy", "--quiet", "--locked", "--message-format=json", "--", "-A", "clippy::all",
            *(word for lint in lints for word in ("-W", lint))]


def functions():
    """(name, first line, last line, what it does)"""
    out, said = [], ""
    for n, line in enumerate((CRATE / "src/lib.rs").read_text().splitlines(), 1):
        if line.startswith("/// "):
            said = line[4:].rstrip(".")
        found = re.match(r"pub (?:async )?fn ((?:bad|ok)_\w+)", line)
        if found:
            out.append([found[1], n, n, said])
        if line == "}" and out and out[-1][2] == out[-1][1]:
            out[-1][2] = n
    return out


def places(folder, program):
    """Per tool the lines that it tells of, each with its rule."""
    def lines_of_clippy(lints):
        # A crate whose sources look new is judged again.
        (CRATE / "src/lib.rs").touch()
        ran = run(clippy(lints), cwd=CRATE)
        found = set()
        for line in ran.stdout.splitlines():
            message = json.loads(line).get("message") or {}
            code = (message.get("code") or {}).get("code")
            if code is None and message.get("level") == "error":
                sys.exit(f"the crate does not compile: {message['rendered']}")
            found |= {(s["line_start"], code) for s in message.get("spans", []) if s["is_primary"] and code in lints}
        if not found:
            sys.exit(f"clippy says nothing:\n{ran.stderr}")
        return found

    said = json.loads(run([program, "check", "--exit-zero", "--output-format", "json"], cwd=CRATE).stdout)
    yield "letgo", {(f["line"], f["lint"]) for f in said["findings"]}
    yield "rustc and clippy", lines_of_clippy(ON)
    yield "clippy, told more", lines_of_clippy(ON + ASKED)
    said = json.loads(run(ast_grep(folder, "src"), cwd=CRATE).stdout)
    yield "ast-grep", {(f["range"]["start"]["line"] + 1, f["ruleId"]) for f in said}
    said = json.loads(run(semgrep(folder, "src"), cwd=CRATE).stdout)
    if said["errors"]:
        sys.exit(f"semgrep: {said['errors']}")
    yield "semgrep", {(f["start"]["line"], f["check_id"].split(".")[-1]) for f in said["results"]}


def table(folder, program):
    known, found = functions(), dict(places(folder, program))
    rows = [["function", *found], ["---"] * (len(found) + 1)]
    totals = {tool: [0, 0] for tool in found}
    # Found, and nothing said of the first `ok_` that follows: the same code without the bug.
    apart, open_ = dict.fromkeys(found, 0), dict.fromkeys(found, 0)
    for name, first, last, _ in known:
        row = [f"`{name}`"]
        for tool, lines in found.items():
            is_told = any(first <= line <= last for line, _ in lines)
            totals[tool][name.startswith("ok_")] += is_told
            if name.startswith("bad_"):
                open_[tool] += is_told
            else:
                apart[tool] += 0 if is_told else open_[tool]
                open_[tool] = 0
            row.append({True: "found", False: "–"}[is_told] if name.startswith("bad_") else {True: "**false alarm**", False: ""}[is_told])
        rows.append(row)
    bad, ok = (sum(name.startswith(kind) for name, *_ in known) for kind in ("bad_", "ok_"))
    rows.append(["found, of " + str(bad), *(str(t[0]) for t in totals.values())])
    rows.append(["false alarms, of " + str(ok), *(str(t[1]) for t in totals.values())])
    rows.append(["told from its twin, of " + str(bad), *(str(n) for n in apart.values())])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def version(command, *more):
    return run([command, "--version"]).stdout.split("\n")[0].replace("(", "").split(" ")[1 if not more else 0]


def versions(folder, program):
    said = run(["cargo", "clippy", "--version"]).stdout.split()[1]
    return f"letgo {version(program)}, clippy {said}, ast-grep {version(folder / 'ast-grep')}, semgrep {version(folder / 'semgrep', 0)}"


def measured(command, where, runs=1):
    """The least seconds of wall time and of processor time, and the MiB of the largest process."""
    best = []
    for _ in range(runs):
        start = time.monotonic()
        child = subprocess.Popen([str(word) for word in command], cwd=where, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        error = child.stderr.read().decode(errors="replace")
        _, status, used = os.wait4(child.pid, 0)
        took = time.monotonic() - start
        if os.waitstatus_to_exitcode(status) not in (0, 1):
            sys.exit(f"{command[0]} ends with {os.waitstatus_to_exitcode(status)}:\n{error[-2000:]}")
        best.append((took, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024))
    return tuple(min(column) for column in zip(*best))


def times(folder, program, tree, runs, with_clippy):
    rows = [("letgo", measured([program, "check", "-q", "--exit-zero"], tree, runs)),
            ("ast-grep", measured(ast_grep(folder, "."), tree, runs)),
            ("semgrep", measured(semgrep(folder, "."), tree, runs))]
    if with_clippy:
        with tempfile.TemporaryDirectory() as build:
            os.environ["CARGO_TARGET_DIR"] = build
            command = ["cargo", "clippy", "--quiet", "--workspace"]
            rows.append(("clippy, nothing built", measured(command, tree)))
            packages = json.loads(run(["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=tree).stdout)["packages"]
            pathlib.Path(packages[0]["targets"][0]["src_path"]).touch()
            rows.append(("clippy, one file changed", measured(command, tree)))
    lines = ["| tool | wall s | CPU s | peak MiB |", "|---|---|---|---|"]
    return "\n".join(lines + [f"| {name} | {wall:.1f} | {cpu:.1f} | {mib:.0f} |" for name, (wall, cpu, mib) in rows])


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--letgo", type=pathlib.Path, default=ROOT / "target/release/letgo")
    options.add_argument("--write", action="store_true")
    options.add_argument("--time", type=pathlib.Path)
    options.add_argument("--runs", type=int, default=2)
    options.add_argument("--no-clippy", action="store_true")
    given = options.parse_args()
    program, folder = given.letgo.resolve(), tools()
    os.environ.setdefault("CARGO_TARGET_DIR", os.environ.get("LETGO_PACKS_TARGET", str(ROOT / "target/packs")))
    head = f"{datetime.date.today()}, {versions(folder, program)}"
    if given.time:
        print(f"{head}\n\n{times(folder, program, given.time.resolve(), given.runs, not given.no_clippy)}")
        return
    said = f"{head}.\n\n{table(folder, program)}\n"
    print(said)
    if given.write:
        page = PAGE.read_text()
        before, after = "<!-- what tests/comparison.py --write says -->\n", "<!-- until here -->"
        start, end = page.index(before) + len(before), page.index(after)
        PAGE.write_text(page[:start] + "\n" + said + "\n" + page[end:])


main()
