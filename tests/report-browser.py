#!/usr/bin/env python3
"""The HTML report in a real headless Chromium.

usage: tests/report-browser.py [--letgo PROGRAM] [--chromium PROGRAM] [--shots DIR]

Needs `pip install playwright` (its own browsers are not used) and a Chromium, such as Debian's package. `--shots` keeps pictures of the
overview, a finding and the connections, light and dark, to be looked at.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent.parent
MANIFEST = '[package]\nname = "%s"\nedition = "2021"\n[dependencies]\nsqlx = "0.8"\nreqwest = "0.12"\n'
# Text that would like to be markup, end the data, run, or hide what it says.
HOSTILE = """use sqlx::PgPool;
pub async fn f(pool: &PgPool) -> sqlx::Result<()> {
    // </script><script>window.taken = 1</script> <img src=x onerror="window.taken = 1"> \u202e <!-- @DATA@
    let mut tx = pool.begin().await?;
    sqlx::query("</script><b id='taken'>&lt;ä😀</b>").execute(&mut *tx).await?;
    sqlx::query("😀<script>window.taken = 1</script>").execute(pool).await?;
    tx.commit().await
}
"""
NESTED = """pub async fn f%d(pool: &sqlx::PgPool) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    sqlx::query("INSERT INTO a DEFAULT VALUES").execute(&mut *tx).await?;
    sqlx::query("INSERT INTO b DEFAULT VALUES").execute(pool).await?;
    tx.commit().await
}
"""
# Seconds, on a slow machine.
LOAD, FILTER, STEP = 4.0, 0.4, 0.15
failures = []


def check(what, good, seen=""):
    print(f"{'ok' if good else 'FAILED':6} {what}{f' ({seen})' if seen != '' else ''}")
    if not good:
        failures.append(what)


def project(folder, name, files):
    root = folder / name
    (root / "src").mkdir(parents=True)
    (root / "Cargo.toml").write_text(MANIFEST % name)
    for path, text in files.items():
        (root / "src" / path).write_text(text)
    return root


class Page:
    """A report in the browser, with what it said and asked for."""

    def __init__(self, browser, letgo, root, out, *flags, dark=False, width=1440):
        file = out / f"{root.name}.html"
        done = subprocess.run([letgo, "check", "-q", *flags, "--output-format", f"html={file}", "--output-format", "json"], cwd=root, capture_output=True, text=True)
        if done.returncode not in (0, 1):
            sys.exit(done.stderr)
        self.json = json.loads(done.stdout)
        self.said, self.asked = [], []
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", device_scale_factor=1)
        self.page = context.new_page()
        self.page.on("console", lambda m: self.said.append(m.text))
        self.page.on("pageerror", lambda e: self.said.append(str(e)))
        self.page.on("request", lambda r: self.asked.append(r.url))
        begin = time.monotonic()
        self.page.goto(file.as_uri())
        self.page.wait_for_selector("[aria-current=page]")
        self.seconds = time.monotonic() - begin

    def count(self, selector):
        return self.page.locator(selector).count()

    def js(self, code):
        return self.page.evaluate(code)

    def quiet(self, what):
        check(f"{what}: no error, no request but the file", not self.said and len(self.asked) == 1, "; ".join(self.said + self.asked[1:]))


def reading(page):
    p, findings = page.page, page.json["findings"]
    level = lambda word: sum(f["level"] == word for f in findings)
    tiles = p.locator("#overview .tile b").all_inner_texts()
    check("the overview counts", tiles[:2] == [str(level("deny")), str(level("warn"))], tiles)
    p.keyboard.press("2")
    check("all findings are listed", page.count("[role=option]") == len(findings))
    check("most severe first", p.locator("#detail .chip").first.inner_text() == "error")
    p.keyboard.press("w")
    check("w shows warnings only", page.count("[role=option]") == level("warn"))
    p.keyboard.press("x")
    p.get_by_role("button", name="medium").click()
    medium = sum(f["confidence"] == "medium" for f in findings)
    check("a confidence filters", page.count("[role=option]") == medium < len(findings), medium)
    p.keyboard.press("x")
    p.keyboard.press("/")
    p.keyboard.type("loaves.rs")
    p.wait_for_timeout(150)
    by_path = sum(any("loaves.rs" in s["path"] for s in f["steps"]) for f in findings)
    check("text filters by the paths of steps too", page.count("[role=option]") == by_path < len(findings), by_path)
    p.keyboard.press("Escape")
    p.keyboard.press("x")
    p.keyboard.press("j")
    check("j goes to the next finding", p.locator("[role=option][aria-selected=true]").get_attribute("aria-posinset") == "2")
    check("the address holds the finding", any(f["fingerprint"] in page.js("location.hash") for f in findings))


def path(page):
    p = page.page
    longest = max(page.json["findings"], key=lambda f: len(f["steps"]))
    page.js(f"location.hash = '{longest['fingerprint']}'")
    p.reload()
    steps = longest["steps"]
    check("a link opens its finding", longest["function"] in p.locator("#detail .place").inner_text())
    check("each step has its number beside its line", p.locator(".badge").count() == len(steps), len(steps))
    check("a line leads from each step to the next", page.count("svg.path path:not(.arrow)") == len(steps) - 1)
    files = {s["path"] for s in steps}
    check("each file of the path is shown", page.count(".filehead") == len(files) > 1, len(files))
    seen = []
    for n in range(len(steps)):
        p.keyboard.press("n")
        badge = p.locator(".badge[aria-current]")
        seen.append(badge.inner_text())
        box, view = badge.bounding_box(), p.locator("#detail").bounding_box()
        check(f"step {n + 1} is in sight", view["y"] <= box["y"] and box["y"] + box["height"] <= view["y"] + view["height"])
    check("n walks the path in order", seen == [str(n + 1) for n in range(len(steps))], " ".join(seen))
    p.keyboard.press("p")
    check("p goes back", p.locator(".badge[aria-current]").inner_text() == str(len(steps) - 1))
    before = page.count(".code .n")
    if page.count("button.fold"):
        p.locator("button.fold").first.click()
        check("a fold opens", page.count(".code .n") > before)


def connections(page, letgo, root):
    p = page.page
    taken = json.loads(subprocess.run([letgo, "inventory", "--output-format", "json"], cwd=root, capture_output=True, text=True, check=True).stdout)
    p.keyboard.press("3")
    rows = [m for e in taken["entries"] for m in e["most"]]
    check("each entry point has a bar", page.count(".entry") == len(rows), len(rows))
    drawn = sorted(page.js("[...document.querySelectorAll('.entry .held')].map(h => h.querySelectorAll('i:not(.given)').length)"))
    check("a bar is as long as what is held", drawn == sorted(m["held"] or 1 for m in rows), drawn)
    way = p.locator(".entry:has(.way) .held").first
    way.click()
    check("the way there opens", p.locator(".way:visible").count() == 1 and way.get_attribute("aria-expanded") == "true")


def fixes(page):
    p = page.page
    with_fix = [f for f in page.json["findings"] if f["suggestions"]]
    check("there is something to mend", bool(with_fix), len(with_fix))
    page.js(f"location.hash = '{with_fix[0]['fingerprint']}'")
    p.reload()
    check("the fix is shown as a difference", page.count(".diff .minus") == 1 == page.count(".diff .plus"))
    check("and says what it does", with_fix[0]["suggestions"][0]["message"].replace("`", "") in p.locator(".says").inner_text())


def contrast(page, name):
    code = """() => { const at = (v) => { const e = document.createElement('i'); e.style.color = `var(${v})`; document.body.append(e);
        const c = getComputedStyle(e).color.match(/[\\d.]+/g).slice(0, 3).map(Number); e.remove();
        const l = c.map((x) => { x /= 255; return x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4; }); return .2126 * l[0] + .7152 * l[1] + .0722 * l[2]; };
      const ratio = (a, b) => { const [x, y] = [at(a), at(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
      return Object.fromEntries(['--ink', '--soft', '--accent', '--deny', '--warn', '--kw', '--str', '--ty', '--num', '--mac'].map((v) => [v, ratio(v, '--panel')])); }"""
    ratios = page.js(code)
    worst = min(ratios, key=ratios.get)
    check(f"{name}: texts stand out from the page (4.5 to 1)", ratios[worst] >= 4.5, f"{worst} {ratios[worst]:.1f}")


def hostile(page):
    p = page.page
    p.keyboard.press("2")
    check("nothing in the source ran", page.js("window.taken === undefined && !document.querySelector('#taken, #detail img')"))
    text = p.locator("#detail .source").inner_text()
    for words in ("</script><script>window.taken = 1</script>", "<img src=x", "<b id='taken'>&lt;ä😀</b>", "@DATA@", "U+202E"):
        check(f"it is shown as text: {words}", words in text)
    marked = "".join(p.locator(".m.primary").all_inner_texts())
    check("the mark counts characters", marked.startswith('sqlx::query("😀') and marked.endswith("(pool).await"), marked)


def large(page):
    p = page.page
    many = len(page.json["findings"])
    check(f"{many} findings load", page.seconds < LOAD and many >= 5000, f"{page.seconds:.2f} s")
    begin = time.monotonic()
    p.keyboard.press("2")
    p.wait_for_selector(".row")
    check("the list opens", time.monotonic() - begin < LOAD / 2, f"{time.monotonic() - begin:.2f} s")
    check("only rows in sight exist", page.count(".row") < 60, page.count(".row"))
    p.keyboard.press("/")
    p.keyboard.type("f499")
    begin = time.monotonic()
    wanted = sum("f499" in f["function"] for f in page.json["findings"])
    while page.count(".row") != wanted and time.monotonic() - begin < LOAD:
        pass
    check("text filters at once", time.monotonic() - begin < FILTER, f"{time.monotonic() - begin:.2f} s, {wanted} left")
    p.keyboard.press("Escape")
    p.keyboard.press("x")
    p.locator("#list").focus()
    begin = time.monotonic()
    for _ in range(40):
        p.keyboard.press("ArrowDown")
    per = (time.monotonic() - begin) / 40
    check("the next finding is there at once", per < STEP, f"{per * 1000:.0f} ms")
    p.keyboard.press("End")
    check("End leads to the last", p.locator("[aria-selected=true]").get_attribute("aria-posinset") == str(many))


def shots(page, folder, name):
    folder.mkdir(parents=True, exist_ok=True)
    for key, view in (("1", "overview"), ("2", "finding"), ("3", "connections")):
        page.page.keyboard.press(key)
        page.page.wait_for_timeout(100)
        page.page.screenshot(path=folder / f"{name}-{view}.png")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--letgo", default=HERE / "target/debug/letgo", type=Path)
    parser.add_argument("--chromium", default=shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome"))
    parser.add_argument("--shots", type=Path)
    args = parser.parse_args()
    letgo = str(args.letgo.resolve())
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        scratch = Path(scratch)
        browser = playwright.chromium.launch(executable_path=args.chromium, args=["--no-sandbox"])
        open_ = lambda *a, **k: Page(browser, letgo, *a, **k)
        bakery, tickets = HERE / "fixtures/projects/bakery", HERE / "fixtures/projects/tickets"

        page = open_(bakery, scratch)
        reading(page)
        path(page)
        contrast(page, "light")
        page.page.keyboard.press("t")
        check("t changes the theme", page.js("document.documentElement.dataset.theme") == "dark")
        page.asked = page.asked[:1]
        page.quiet("bakery")
        if args.shots:
            page.page.keyboard.press("t")
            shots(page, args.shots, "light")

        page = open_(tickets, scratch, dark=True)
        check("the system's theme is taken", page.js("document.documentElement.dataset.theme") == "dark")
        contrast(page, "dark")
        connections(page, letgo, tickets)
        page.quiet("tickets")
        if args.shots:
            shots(page, args.shots, "dark")

        page = open_(project(scratch, "mended", {"lib.rs": NESTED % 1}), scratch)
        fixes(page)

        page = open_(project(scratch, "hostile", {"lib.rs": HOSTILE}), scratch)
        hostile(page)
        page.quiet("hostile source")

        files = {f"m{n}.rs": "".join(NESTED % (n * 250 + i) for i in range(250)) for n in range(20)}
        files["lib.rs"] = "".join(f"pub mod m{n};\n" for n in range(20))
        page = open_(project(scratch, "large", files), scratch)
        large(page)
        page.quiet("large")

        page = open_(project(scratch, "clean", {"lib.rs": "pub fn f() {}\n"}), scratch)
        page.page.keyboard.press("2")
        check("no findings are said", "found nothing" in page.page.locator("#detail").inner_text())
        page.quiet("clean")

        page = open_(bakery, scratch, width=400)
        for key in "123":
            page.page.keyboard.press(key)
            check(f"view {key} fits a narrow window", page.js("document.documentElement.scrollWidth <= innerWidth"))
        browser.close()
    print(f"{len(failures)} failed" if failures else "all as it should be")
    sys.exit(1 if failures else 0)


main()
