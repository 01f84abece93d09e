// The report's page. Every text of the data becomes a text node: no markup is ever made of it.
(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const LEVELS = ["deny", "warn"], CONFIDENCES = ["high", "medium", "low"];
  const LEVEL_WORDS = { deny: "error", warn: "warning" };
  const ROW = 78, CONTEXT = 3;

  // ---- elements ----
  function el(tag, attributes, ...kids) {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value === undefined || value === null || value === false) continue;
      if (key === "class") node.className = value;
      else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...kids.flat().filter((kid) => kid !== null && kid !== undefined && kid !== false));
    return node;
  }
  const TREACHEROUS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
  // Characters that would move or hide others are written out.
  function shown(text) {
    if (!TREACHEROUS.test(text)) return [text];
    return Array.from(text, (c) => TREACHEROUS.test(c)
      ? el("span", { class: "ctl" }, "U+" + c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")) : c);
  }
  // Our sentences: what stands in backticks is code.
  function rich(text) {
    const parts = text.split("`");
    if (parts.length % 2 === 0) return shown(text);
    return parts.flatMap((part, i) => i % 2 ? [el("code", {}, shown(part))] : shown(part)).filter((p) => p !== "");
  }
  const plural = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;
  const file = (i) => data.files[i];

  // ---- state ----
  const state = { view: "overview", level: new Set(), confidence: new Set(), lint: new Set(), crate: new Set(), text: "", order: "level", at: -1, step: 0 };
  const all = data.findings.map((f, index) => ({
    ...f, index,
    // Folder and name: where there is no room for both, the name stays.
    path: [file(f.file).path.slice(0, file(f.file).path.lastIndexOf("/") + 1), file(f.file).path.slice(file(f.file).path.lastIndexOf("/") + 1)],
    crate: file(f.file).crate,
    words: [f.message, file(f.file).path, f.function, f.lint, f.resource, ...f.steps.map((s) => s.message + " " + file(s.file).path)].join("\n").toLowerCase(),
  }));
  let shownFindings = all;
  const FACETS = [
    { key: "level", title: "Level", values: LEVELS, word: (v) => LEVEL_WORDS[v] },
    { key: "confidence", title: "Confidence", values: CONFIDENCES, word: (v) => v },
    { key: "lint", title: "Lint", values: byCount("lint"), word: (v) => v },
    { key: "crate", title: "Crate", values: byCount("crate"), word: (v) => v },
  ];
  function byCount(key) {
    const counts = new Map();
    for (const f of all) counts.set(f[key], (counts.get(f[key]) || 0) + 1);
    return [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a) || (a < b ? -1 : 1));
  }
  const passes = (f, except) =>
    FACETS.every(({ key }) => key === except || !state[key].size || state[key].has(f[key])) && (!state.text || f.words.includes(state.text));
  const ORDERS = {
    place: (a, b) => a.index - b.index,
    level: (a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) || CONFIDENCES.indexOf(a.confidence) - CONFIDENCES.indexOf(b.confidence) || a.index - b.index,
    lint: (a, b) => (a.lint < b.lint ? -1 : a.lint > b.lint ? 1 : a.index - b.index),
  };

  // ---- filters ----
  function refilter(keep) {
    const current = shownFindings[state.at];
    shownFindings = all.filter((f) => passes(f)).sort(ORDERS[state.order]);
    drawFacets();
    $("shown").textContent = shownFindings.length === all.length ? plural(all.length, "finding") : `${shownFindings.length.toLocaleString("en")} of ${plural(all.length, "finding")}`;
    $("rows").style.height = shownFindings.length * ROW + "px";
    const at = keep && current ? shownFindings.indexOf(current) : -1;
    if (at < 0) $("list").scrollTop = 0;
    select(at >= 0 ? at : shownFindings.length ? 0 : -1);
  }
  function drawFacets() {
    const focused = document.activeElement && document.activeElement.dataset.facet;
    $("facets").replaceChildren(...FACETS.map(({ key, title, values, word }) => {
      const counts = new Map();
      for (const f of all) if (passes(f, key)) counts.set(f[key], (counts.get(f[key]) || 0) + 1);
      return el("div", { class: "facet" }, el("h3", {}, title), values.map((value) => el("button", {
        "aria-pressed": String(state[key].has(value)), "data-empty": !counts.get(value), "data-facet": key + "=" + value, title: value,
        onclick: () => { if (!state[key].delete(value)) state[key].add(value); refilter(true); },
      }, el("span", {}, key === "level" && el("i", { class: "dot " + value }), word(value)), el("span", { class: "count" }, (counts.get(value) || 0).toLocaleString("en")))));
    }));
    if (focused) for (const b of $("facets").querySelectorAll("button")) if (b.dataset.facet === focused) b.focus();
  }
  function only(filters) {
    for (const { key } of FACETS) state[key] = new Set(filters[key] ? [filters[key]] : []);
    state.text = $("search").value = "";
    refilter(false);
    view("findings");
  }

  // ---- the list: only rows in sight exist ----
  function drawRows() {
    const list = $("list"), first = Math.max(0, Math.floor(list.scrollTop / ROW) - 6);
    const last = Math.min(shownFindings.length, first + Math.ceil(list.clientHeight / ROW) + 12);
    const rows = [];
    for (let i = first; i < last; i++) {
      const f = shownFindings[i];
      rows.push(el("div", {
        class: "row", role: "option", id: "row-" + i, style: `top:${i * ROW}px`, "aria-selected": String(i === state.at),
        "aria-setsize": shownFindings.length, "aria-posinset": i + 1, onclick: () => select(i),
      },
      el("div", { class: "words" }, el("i", { class: "dot " + f.level, title: LEVEL_WORDS[f.level] }), rich(f.message)),
      el("div", { class: "where" }, el("span", { class: "dir", title: file(f.file).path }, shown(f.path[0])), el("span", {}, shown(f.path[1]), ":" + f.line), el("span", { class: "sure" }, f.confidence === "high" ? "" : f.confidence))));
    }
    $("rows").replaceChildren(...(shownFindings.length ? rows : [el("p", { class: "empty" }, all.length ? "Nothing passes these filters." : "No findings.")]));
  }
  function select(i) {
    state.at = i;
    state.step = -1;
    const list = $("list");
    if (i >= 0) {
      if (i * ROW < list.scrollTop) list.scrollTop = i * ROW;
      else if ((i + 1) * ROW > list.scrollTop + list.clientHeight) list.scrollTop = (i + 1) * ROW - list.clientHeight;
      list.setAttribute("aria-activedescendant", "row-" + i);
      if (state.view === "findings") note(shownFindings[i].id);
    }
    drawRows();
    drawDetail();
  }
  const note = (word) => { try { history.replaceState(null, "", "#" + word); } catch { /* a sandbox without history */ } };

  // ---- source ----
  const TOKEN = /(\/\/.*|\/\*.*?(?:\*\/|$))|(b?r?#*"(?:[^"\\]|\\.)*(?:"#*|$)|b?'(?:[^'\\]|\\.[^']*)')|('[a-z_]\w*)|\b(as|async|await|break|const|continue|crate|dyn|else|enum|extern|false|fn|for|if|impl|in|let|loop|match|mod|move|mut|pub|ref|return|self|Self|static|struct|super|trait|true|type|unsafe|use|where|while)\b|\b(\d[\w.]*)|\b([A-Z]\w*)|\b(\w+!)/g;
  const CLASSES = ["c", "s", "y", "k", "d", "y", "x"];
  // A line as nodes: coloured by token, and marked where a step stands. Marks count characters, from 1.
  function lineNodes(text, marks) {
    const chars = Array.from(text);
    const classes = new Array(chars.length).fill("");
    const at = [];
    chars.forEach((c, i) => { for (let k = 0; k < c.length; k++) at.push(i); });
    for (const match of text.matchAll(TOKEN)) {
      const kind = CLASSES[match.slice(1).findIndex((group) => group !== undefined)];
      for (let k = 0; k < match[0].length; k++) classes[at[match.index + k]] = kind;
    }
    for (const mark of marks) for (let i = mark.column - 1; i < mark.end - 1 && i < chars.length; i++) classes[i] += " m" + (mark.primary ? " primary " + mark.level : "");
    const nodes = [];
    for (let i = 0, j; i < chars.length; i = j) {
      for (j = i + 1; j < chars.length && classes[j] === classes[i];) j++;
      const part = shown(chars.slice(i, j).join(""));
      nodes.push(...(classes[i] ? [el("span", { class: classes[i].trim() }, part)] : part));
    }
    return nodes;
  }
  function lineOf(fileIndex, line) {
    for (const [start, lines] of file(fileIndex).chunks) if (line >= start && line < start + lines.length) return lines[line - start];
    return undefined;
  }
  // Runs of lines per file, in order of the first step there: what to show, and what can be unfolded.
  function excerpts(f) {
    const files = [...new Set(f.steps.map((s) => s.file))];
    return files.map((fileIndex) => {
      const steps = f.steps.map((s, n) => ({ ...s, n })).filter((s) => s.file === fileIndex);
      const wanted = new Set();
      for (const s of steps) for (let l = s.line - CONTEXT; l <= s.line + CONTEXT; l++) if (lineOf(fileIndex, l) !== undefined) wanted.add(l);
      const lines = [...wanted].sort((a, b) => a - b);
      const groups = [];
      for (const l of lines) {
        const last = groups[groups.length - 1];
        if (last && l - last[last.length - 1] <= 3) for (let k = last[last.length - 1] + 1; k <= l; k++) last.push(k);
        else groups.push([l]);
      }
      return { fileIndex, steps, groups };
    });
  }
  function codeRows(f, fileIndex, line, steps) {
    const text = lineOf(fileIndex, line);
    if (text === undefined) return [];
    const here = steps.filter((s) => s.line === line);
    const marks = here.map((s) => ({ column: s.column, end: s.end, primary: s.primary, level: f.level }));
    const rows = [el("div", { class: "g" }), el("div", { class: "n" }, String(line)), el("div", { class: "t" + (here.some((s) => s.primary) ? " on" : "") }, lineNodes(text, marks))];
    for (const s of here) {
      const kind = s.primary ? " primary " + f.level : "";
      // Below its place, as long as that leaves room for the words.
      const indent = Math.min(s.column - 1 + Array.from(text).slice(0, s.column - 1).filter((c) => c === "\t").length * 3, 48);
      const go = () => step(s.n);
      rows.push(
        el("div", { class: "g" }, el("button", { class: "badge" + kind, "data-step": s.n, title: `Step ${s.n + 1} of ${f.steps.length}`, onclick: go }, String(s.n + 1))),
        el("div", { class: "n" }),
        el("div", { class: "note" + kind, "data-note": s.n, style: `--i:${indent}`, onclick: go }, el("span", {}, rich(s.message))));
    }
    return rows;
  }
  function sheet(f) {
    const body = el("div", { class: "sheet" });
    for (const { fileIndex, steps, groups } of excerpts(f)) {
      body.append(el("div", { class: "filehead" }, el("b", {}, shown(file(fileIndex).path)), el("span", {}, file(fileIndex).crate)));
      const grid = el("div", { class: "code" }, el("div", { class: "pad" }));
      const fold = (from, to) => {
        // What lies between is in the report only where it belongs to the function.
        const known = []; for (let l = from; l <= to; l++) if (lineOf(fileIndex, l) !== undefined) known.push(l);
        const whole = known.length === to - from + 1;
        const words = `⋯ ${plural(to - from + 1, "line")}`;
        const button = whole ? el("button", { class: "fold", onclick: () => { button.replaceWith(...known.flatMap((l) => codeRows(f, fileIndex, l, steps))); drawPath(); } }, words + ", show") : el("div", { class: "fold" }, words);
        return [el("div", { class: "g" }), button];
      };
      groups.forEach((group, i) => {
        if (i) grid.append(...fold(groups[i - 1][groups[i - 1].length - 1] + 1, group[0] - 1));
        for (const l of group) grid.append(...codeRows(f, fileIndex, l, steps));
      });
      grid.append(el("div", { class: "pad" }));
      body.append(grid);
    }
    return body;
  }
  // From each step to the next, in lanes left of the badges. Lanes are given out so that no two lines lie on each other.
  function drawPath() {
    const box = document.querySelector(".source .sheet");
    if (!box) return;
    box.querySelector("svg.path")?.remove();
    const badges = [...box.querySelectorAll(".badge")].sort((a, b) => a.dataset.step - b.dataset.step);
    if (badges.length < 2) return;
    const origin = box.getBoundingClientRect();
    const ys = badges.map((b) => { const r = b.getBoundingClientRect(); return r.top - origin.top + r.height / 2; });
    const lanes = [];
    const edges = ys.slice(1).map((to, i) => ({ i, from: ys[i], to })).sort((a, b) => Math.abs(a.to - a.from) - Math.abs(b.to - b.from));
    for (const edge of edges) {
      const [low, high] = [Math.min(edge.from, edge.to) + 1, Math.max(edge.from, edge.to) - 1];
      edge.lane = lanes.findIndex((taken) => taken.every(([a, b]) => high < a || low > b));
      if (edge.lane < 0) edge.lane = lanes.push([]) - 1;
      lanes[edge.lane].push([low, high]);
    }
    box.style.setProperty("--graph", `${30 + Math.min(lanes.length, 12) * 9}px`);
    const right = badges[0].getBoundingClientRect().left - origin.left;
    const NS = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(NS, "svg");
    svg.setAttribute("class", "path"); svg.setAttribute("width", right); svg.setAttribute("height", box.scrollHeight); svg.setAttribute("aria-hidden", "true");
    const make = (name, attributes) => { const n = document.createElementNS(NS, name); for (const [k, v] of Object.entries(attributes)) n.setAttribute(k, v); svg.append(n); };
    const gap = Math.min(9, (right - 14) / Math.max(1, lanes.length));
    for (const { i, from, to, lane } of edges) {
      const x = right - 11 - lane * gap, down = to > from ? 1 : -1, r = Math.min(6, Math.abs(to - from) / 2);
      // Two lines meet at a badge: one arrives above its middle, one leaves below.
      const a = from + 3 * down, b = to - 3 * down;
      make("path", { d: `M${right} ${a}H${x + r}Q${x} ${a} ${x} ${a + r * down}V${b - r * down}Q${x} ${b} ${x + r} ${b}H${right - 4}`, class: i + 1 === state.step ? "on" : "" });
      make("path", { d: `M${right} ${b}l-6 -3.2v6.4z`, class: "arrow" });
    }
    box.prepend(svg);
  }
  function step(n, quiet) {
    const f = shownFindings[state.at];
    if (!f || n < 0 || n >= f.steps.length) return;
    state.step = n;
    for (const node of document.querySelectorAll(".source [data-step], .source [data-note]")) {
      const mine = Number(node.dataset.step ?? node.dataset.note) === n;
      if (mine) node.setAttribute("aria-current", "step"); else node.removeAttribute("aria-current");
      if (mine && node.dataset.step && !quiet) node.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    const word = document.querySelector(".stepper output");
    if (word) word.textContent = `step ${n + 1} of ${f.steps.length}`;
    drawPath();
  }

  // ---- one finding ----
  function drawDetail() {
    const f = shownFindings[state.at], box = $("detail");
    box.scrollTop = 0;
    if (!f) { box.replaceChildren(el("p", { class: "empty" }, all.length ? "Choose a finding." : "letgo found nothing.")); return; }
    const lint = data.lints.find((l) => l.name === f.lint);
    const silence = `// letgo: allow(${f.lint}, reason = "...")`;
    const copy = (text) => el("button", { class: "copy", onclick: (e) => { const done = () => { e.target.textContent = "Copied"; setTimeout(() => { e.target.textContent = "Copy"; }, 1200); }; navigator.clipboard?.writeText(text).then(done, () => {}); } }, "Copy");
    const says = el("dl", { class: "says" });
    const say = (word, ...content) => says.append(el("dt", {}, word), el("dd", {}, ...content));
    if (f.why) say("Why", rich(f.why));
    if (f.help) say("Help", rich(f.help));
    for (const s of f.suggestions) say("Fix", rich(s.message), s.changes.map((c) => el("div", { class: "diff card" }, el("div", { class: "muted" }, shown(file(c.file).path) , ":" + c.line), difference(c.old, c.new).map(([mark, l]) => el("div", { class: { "-": "minus", "+": "plus" }[mark] }, mark + " ", shown(l))))));
    say("Silence", el("div", { class: "silence" }, el("code", {}, silence), copy(silence)));
    box.replaceChildren(
      el("div", { class: "chips" }, el("span", { class: "chip " + f.level }, LEVEL_WORDS[f.level]), el("button", { class: "chip", title: "Only this lint", onclick: () => only({ lint: f.lint }) }, f.lint),
        el("span", { class: "chip" }, f.confidence + " confidence"), el("button", { class: "chip", title: "Only this crate", onclick: () => only({ crate: f.crate }) }, f.crate)),
      el("h1", {}, rich(f.message)),
      el("div", { class: "place" }, shown(file(f.file).path), `:${f.line}:${f.column}`, f.function ? "  in " : "", shown(f.function)),
      f.steps.length > 1 && el("div", { class: "stepper" }, el("button", { onclick: () => step(state.step < 0 ? 0 : state.step - 1), title: "p" }, "‹ Step"), el("button", { onclick: () => step(state.step + 1), title: "n" }, "Step ›"), el("output", {}, plural(f.steps.length, "step")), el("kbd", {}, "p"), el("kbd", {}, "n")),
      el("div", { class: "source card" }, el("div", { class: "scroll" }, sheet(f))),
      says,
      lint ? el("details", { class: "page-of card" }, el("summary", {}, "About ", el("code", {}, lint.name), ": ", lint.summary), markdown(lint.page)) : "");
    drawPath();
  }
  // Two lists of lines as one, marked by what is only in the first or only in the second.
  function difference(a, b) {
    const common = Array.from({ length: a.length + 1 }, () => new Array(b.length + 1).fill(0));
    for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--) common[i][j] = a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    const out = [];
    for (let i = 0, j = 0; i < a.length || j < b.length;) {
      if (i < a.length && j < b.length && a[i] === b[j]) { out.push([" ", a[i++]]); j++; }
      else if (i < a.length && (j === b.length || common[i + 1][j] >= common[i][j + 1])) out.push(["-", a[i++]]);
      else out.push(["+", b[j++]]);
    }
    return out;
  }
  // As much Markdown as the lints' pages have.
  function markdown(text) {
    const out = el("div", { class: "md" });
    let paragraph = [], list = null, code = null;
    const flush = () => { if (paragraph.length) out.append(el("p", {}, rich(paragraph.join(" ")))); paragraph = []; list = null; };
    for (const line of text.split("\n")) {
      const heading = /^(#{1,3}) (.*)/.exec(line), item = /^[-*] (.*)/.exec(line);
      if (line.startsWith("```")) { if (code) { out.append(el("pre", {}, code.join("\n"))); code = null; } else { flush(); code = []; } }
      else if (code) code.push(line);
      else if (heading) { flush(); out.append(el("h" + heading[1].length, {}, rich(heading[2]))); }
      else if (item) { if (paragraph.length) flush(); if (!list) out.append(list = el("ul")); list.append(el("li", {}, rich(item[1]))); }
      else if (!line.trim()) flush();
      else if (list && /^\s/.test(line)) list.lastChild.append(" ", ...rich(line.trim()));
      else { list = null; paragraph.push(line.trim()); }
    }
    flush();
    return out;
  }

  // ---- overview ----
  function drawOverview() {
    const s = data.summary, deny = all.filter((f) => f.level === "deny").length;
    const tile = (n, word, kind, go) => el(go ? "button" : "div", { class: "card tile " + (n ? kind || "" : ""), onclick: go }, el("b", {}, n.toLocaleString("en")), el("span", {}, word));
    const crates = FACETS[3].values, lints = FACETS[2].values;
    // A column per crate; where there are many, the last one is for the rest.
    const columns = crates.length > 7 ? crates.slice(0, 6) : crates, rest = new Set(crates.slice(columns.length));
    const table = new Map();
    const add = (key) => table.set(key, (table.get(key) || 0) + 1);
    for (const f of all) for (const key of [f.lint + "\n" + f.crate, f.lint + "\n", f.crate + "\n" + f.level]) add(key);
    for (const f of all) if (rest.has(f.crate)) add(f.lint + "\n\n");
    const cell = (n, most, go) => n ? el(go ? "button" : "span", { class: go ? "cell" : "none", style: go && `background:color-mix(in srgb, var(--accent) ${Math.round(10 + 35 * n / most)}%, transparent)`, onclick: go }, n.toLocaleString("en")) : el("span", { class: "none" }, "·");
    const get = (...parts) => table.get(parts.join("\n")) || 0;
    const most = Math.max(1, ...lints.flatMap((l) => columns.map((c) => get(l, c)))), mostOfLint = Math.max(1, ...lints.map((l) => get(l, "")));
    const mostOfCrate = Math.max(1, ...crates.flatMap((c) => LEVELS.map((level) => get(c, level))));
    const about = (name) => data.lints.find((l) => l.name === name);
    const denied = new Set(all.filter((f) => f.level === "deny").map((f) => f.lint));
    const several = crates.length > 1;
    const lintRow = (l) => el("tr", {}, el("th", { scope: "row" }, el("i", { class: "dot " + (denied.has(l) ? "deny" : "warn") }), el("button", { class: "name", onclick: () => only({ lint: l }) }, l), el("small", {}, about(l) ? about(l).summary : "")),
      several ? columns.map((c) => el("td", { class: "num" }, cell(get(l, c), most, () => only({ lint: l, crate: c })))) : [], rest.size ? el("td", { class: "num" }, cell(get(l, "", ""), most)) : null, el("td", { class: "num" }, cell(get(l, ""), mostOfLint, () => only({ lint: l }))));
    const byLint = el("div", { class: "card scroll" }, el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, "Lint"), several ? columns.map((c) => el("th", { class: "num" }, shown(c))) : [], rest.size ? el("th", { class: "num" }, `${rest.size} others`) : null, el("th", { class: "num" }, "all"))), el("tbody", {}, lints.map(lintRow))));
    const byCrate = el("div", { class: "card scroll" }, el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, "Crate"), el("th", { class: "num" }, "errors"), el("th", { class: "num" }, "warnings"))), el("tbody", {}, crates.map((c) => el("tr", {}, el("th", { scope: "row" }, el("button", { class: "name", onclick: () => only({ crate: c }) }, shown(c))), ...LEVELS.map((level) => el("td", { class: "num" }, cell(get(c, level), mostOfCrate, () => only({ crate: c, level }))))))))) ;
    const risky = data.inventory ? data.inventory.entries.filter((e) => e.most.some((m) => m.held === null || m.held > 1)).length : 0;
    $("overview").replaceChildren(
      el("h1", {}, data.workspace), el("p", { class: "muted" }, data.closing_line.replace(/^letgo: /, "")),
      el("div", { class: "tiles" }, tile(deny, "errors", "deny", () => only({ level: "deny" })), tile(all.length - deny, "warnings", "warn", () => only({ level: "warn" })),
        data.inventory ? tile(risky, "entry points with two or more", "", () => view("connections")) : null,
        tile(s.acquisitions, "acquisitions"), tile(s.functions, "functions"), tile(s.files, "files"), s.suppressed ? tile(s.suppressed, "silenced by comments") : null, s.baselined ? tile(s.baselined, "in the baseline") : null, s.old ? tile(s.old, "old") : null),
      ...(all.length ? [el("h2", {}, "By lint"), byLint, el("h2", {}, "By crate"), byCrate] : []),
      ...(data.problems.length ? [el("h2", {}, "What letgo could not do"), el("ul", { class: "card", style: "padding:12px 34px" }, data.problems.map((p) => el("li", {}, p.path ? el("code", {}, shown(p.path), p.line ? ":" + p.line : "") : "", " ", rich(p.message))))] : []));
  }

  // ---- connections: per pool, the most that each entry point holds ----
  function drawConnections() {
    const box = $("connections");
    if (!data.inventory) { box.replaceChildren(el("p", { class: "empty" }, "No inventory was taken.")); return; }
    const pools = new Map();
    for (const e of data.inventory.entries) for (const m of e.most) {
      const key = (m.pool ?? "") + "\n" + m.pool_type;
      if (!pools.has(key)) pools.set(key, { m, rows: [] });
      pools.get(key).rows.push({ e, m });
    }
    const weight = (m) => m.held === null ? Infinity : m.held + (m.at_least ? .5 : 0);
    const list = [...pools.values()];
    for (const p of list) p.rows.sort((a, b) => weight(b.m) - weight(a.m));
    list.sort((a, b) => weight(b.rows[0].m) - weight(a.rows[0].m) || b.rows.length - a.rows.length);
    const bar = (m) => {
      if (m.held === null) return [el("i"), el("b", {}, "unbounded")];
      const dots = Array.from({ length: Math.min(m.held, 16) }, () => el("i"));
      const given = Math.max(0, (m.held_with_given ?? m.held) - m.held);
      for (let k = 0; k < Math.min(given, 4); k++) dots.push(el("i", { class: "given", title: "given from outside" }));
      return [...dots, el("b", {}, (m.at_least ? "≥ " : "") + m.held), given ? el("span", {}, `, ${m.held + given} if what it is given is from there too`) : ""];
    };
    const tone = (m) => m.held === null ? " all" : m.held > 1 ? " two" : "";
    const row = ({ e, m }) => {
      const way = el("ol", { class: "way", hidden: true }, m.path.map((s, i) => el("li", {}, el("span", {}, `${i + 1}. `, rich(s.what)), el("span", {}, shown(s.path), ":" + s.line))));
      const button = el("button", { class: "held" + tone(m), "aria-expanded": "false", title: "Show the way there", onclick: () => { way.hidden = !way.hidden; button.setAttribute("aria-expanded", String(!way.hidden)); } }, bar(m));
      return el("div", { class: "entry" }, el("div", { class: "who" }, el("span", { class: "kind" }, e.kind + (e.in_loop ? " in a loop" : "")), el("code", {}, shown(e.function)), el("small", {}, shown(e.path), ":" + e.line)), button, m.path.length ? way : "");
    };
    const pool = ({ m, rows }) => {
      // What needs two or more is all shown.
      const LIMIT = Math.max(10, rows.filter((r) => weight(r.m) > 1).length);
      const card = el("div", { class: "card pool" }, el("h3", {}, m.pool ? shown(m.pool) : "pool of unknown origin", el("span", {}, shown(m.pool_type), `${m.pool_type ? ", " : ""}${plural(rows.length, "entry point")}`)), rows.slice(0, LIMIT).map(row));
      if (rows.length > LIMIT) { const more = el("button", { class: "copy more", onclick: () => more.replaceWith(...rows.slice(LIMIT).map(row)) }, `Show ${rows.length - LIMIT} more`); card.append(more); }
      return card;
    };
    const at = (list, none) => list.length ? list.map((a) => el("div", {}, rich(a.what), el("small", {}, shown(a.path), ":" + a.line))) : el("span", { class: "muted" }, none);
    const acquisition = (a) => el("tr", {}, el("td", {}, el("code", {}, shown(a.function)), el("small", {}, shown(a.path), ":" + a.line)), el("td", {}, a.pool ? el("code", {}, shown(a.pool)) : el("span", { class: "muted" }, "unknown")), el("td", {}, a.holder ? el("code", {}, shown(a.holder)) : "", " ", el("span", { class: "muted" }, a.kind ?? "for the call")), el("td", {}, at(a.released, "")), el("td", {}, at(a.waits, "nothing")));
    const taken = data.inventory.acquisitions, body = el("tbody", {}, taken.slice(0, 200).map(acquisition));
    const table = el("details", { class: "card page-of" }, el("summary", {}, plural(taken.length, "acquisition"), ": who holds it, where it is let go, what it waits for"), el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, ["Where", "Pool", "Held by", "Let go", "Waits meanwhile for"].map((w) => el("th", {}, w)))), body)));
    if (taken.length > 200) { const more = el("button", { class: "copy more", onclick: () => { body.append(...taken.slice(200).map(acquisition)); more.remove(); } }, `Show ${taken.length - 200} more`); table.append(more); }
    const key = (cls, word, n = 1) => el("span", {}, el("span", { class: "held" + cls }, Array.from({ length: n }, () => el("i")), el("span", {}, "\u00a0" + word)));
    box.replaceChildren(el("h1", {}, "The most connections held at once"), el("p", { class: "muted" }, "Per pool and entry point: a pool with fewer connections than one entry point needs can stop for good under load. Choose a bar for the way there."),
      list.length ? el("div", { class: "legend" }, key("", "one"), key(" two", "more than one", 2), key(" all", "nothing limits it"), el("span", {}, el("span", { class: "held" }, el("i", { class: "given" }), el("span", {}, "\u00a0given from outside, perhaps from the same pool")))) : el("p", { class: "empty" }, "No entry point holds a connection."),
      ...list.map(pool), ...(taken.length ? [el("h2", {}, "Acquisitions"), table] : []));
  }

  // ---- views, theme, keys ----
  const drawn = new Set();
  function view(name) {
    state.view = name;
    for (const id of ["overview", "findings", "connections"]) $(id).hidden = id !== name;
    for (const b of document.querySelectorAll(".tabs button")) if (b.dataset.view === name) b.setAttribute("aria-current", "page"); else b.removeAttribute("aria-current");
    if (!drawn.has(name)) { drawn.add(name); ({ overview: drawOverview, connections: drawConnections, findings: () => refilter(false) })[name](); }
    else if (name === "findings") { drawRows(); drawPath(); }
    note(name === "findings" && shownFindings[state.at] ? shownFindings[state.at].id : "/" + name);
  }
  function theme(name) { document.documentElement.dataset.theme = name; try { localStorage.setItem("letgo-theme", name); } catch { /* no storage for files */ } }
  let wished = null;
  try { wished = localStorage.getItem("letgo-theme"); } catch { /* no storage for files */ }
  theme(wished || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
  const KEYS = [["j / k", "next, previous finding"], ["n / p", "next, previous step of its path"], ["/", "filter by text"], ["e / w", "errors only, warnings only"], ["x", "clear all filters"], ["1 2 3", "overview, findings, connections"], ["t", "light or dark"], ["?", "this list"]];
  $("help").querySelector("dl").append(...KEYS.flatMap(([k, words]) => [el("dt", {}, el("kbd", {}, k)), el("dd", {}, words)]));
  const toggle = (value) => { if (!state.level.delete(value)) { state.level = new Set([value]); } refilter(true); };
  const move = (by) => { if (shownFindings.length) select(Math.max(0, Math.min(shownFindings.length - 1, state.at + by))); };
  const page = () => Math.max(1, Math.floor($("list").clientHeight / ROW) - 1);
  const ACTIONS = {
    1: () => view("overview"), 2: () => view("findings"), 3: () => view("connections"), t: () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"), "?": () => $("help").showModal(),
    j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1), PageDown: () => move(page()), PageUp: () => move(-page()), Home: () => move(-1e9), End: () => move(1e9),
    n: () => step(state.step + 1), p: () => step(state.step - 1), "/": () => { $("search").focus(); $("search").select(); }, e: () => toggle("deny"), w: () => toggle("warn"), x: () => only({}),
  };
  const FINDINGS_ONLY = new Set(["j", "k", "n", "p", "/", "e", "w", "x"]);
  const LIST_ONLY = new Set(["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End"]);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
    const typing = event.target.matches("input, select");
    if (typing) { if (event.key === "Escape" || event.key === "Enter") { event.preventDefault(); $("list").focus(); } return; }
    const act = ACTIONS[event.key];
    if (!act || (LIST_ONLY.has(event.key) && event.target.id !== "list")) return;
    if (FINDINGS_ONLY.has(event.key) && state.view !== "findings") view("findings");
    event.preventDefault();
    act();
  });
  let wait = 0;
  $("search").addEventListener("input", (event) => { clearTimeout(wait); wait = setTimeout(() => { state.text = event.target.value.trim().toLowerCase(); refilter(true); }, 60); });
  $("order").addEventListener("change", (event) => { state.order = event.target.value; refilter(true); });
  $("list").addEventListener("scroll", drawRows, { passive: true });
  addEventListener("resize", () => { drawRows(); drawPath(); });
  for (const b of document.querySelectorAll(".tabs button")) b.addEventListener("click", () => view(b.dataset.view));
  $("theme").addEventListener("click", ACTIONS.t);
  $("keys").addEventListener("click", ACTIONS["?"]);
  $("close").addEventListener("click", () => $("help").close());
  $("workspace").textContent = data.workspace;
  document.title = `letgo: ${data.workspace}`;
  $("tab-findings").textContent = all.length.toLocaleString("en");
  $("tab-connections").textContent = data.inventory ? data.inventory.entries.length.toLocaleString("en") : "";
  const wanted = location.hash.replace(/^#\/?/, "");
  const start = all.findIndex((f) => f.id === wanted);
  if (start >= 0) { view("findings"); select(shownFindings.indexOf(all[start])); }
  else view(["findings", "connections"].includes(wanted) ? wanted : "overview");
})();
