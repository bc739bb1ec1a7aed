// The table of symbols, sorted by any column. Only rows in view have elements in the page.
import { byId, make, signed, versionWords } from "./elements.js";
import { isDark } from "./charts.js";

const ROW = 34;
const MOST_ROWS = 11;
const SORT_MS = 2000;
const SPARKS_MS = 2000;
const COLUMNS = [
  { name: "symbol", title: "Symbol", of: (row) => row.symbol, text: true },
  { name: "mid", title: "Mid", of: (row) => row.mid },
  { name: "spark", title: "Course" },
  { name: "skill", title: "Skill, 95 %", of: (row) => row.skill },
  { name: "net", title: "Net, bps", of: (row) => row.net_bps },
  { name: "regime", title: "Regime", of: (row) => row.regime, text: true },
  { name: "version", title: "Version", of: (row) => row.version, text: true },
  { name: "state", title: "State", of: (row) => row.state, text: true },
];

const regimes = JSON.parse(byId("regimes").textContent);
const grid = byId("table");
const filter = byId("filter");
const rows = new Map();
const sparks = new Map();
const drawnRows = new Map();
let names = [];
let order = { column: COLUMNS[0], down: false };
let chosen = "";
let sortedAt = 0;
let ignoredRecords = 0;
let onSelect = () => {};

const head = make("div", { class: "row head", role: "row" },
  ...COLUMNS.map((column) => column.of
    ? make("button", { type: "button", role: "columnheader", class: `c-${column.name}`, onclick: () => sortBy(column) }, column.title)
    : make("span", { role: "columnheader", class: `c-${column.name}` }, column.title)));
const body = make("div", { class: "rows" });
const view = make("div", { class: "view" }, body);
grid.append(head, view);

const price = (value) => (value === null ? "-" : value.toLocaleString("en", { maximumSignificantDigits: 7 }));

const chip = (name) => {
  const words = name.replace("-", ", ");
  const shade = regimes[name];
  return [make("i", { class: "chip", style: shade ? `background:${isDark() ? shade.dark : shade.light}` : "" }), words];
};

// Skill and its interval as two elements, which a narrow page places below each other.
const skillOf = (row) => row.skill === null
  ? [make("span", {}, "not enough yet")]
  : [make("b", {}, signed(row.skill, 3)), make("span", {}, ` (${signed(row.low, 3)} to ${signed(row.high, 3)}, n ${row.n_eff})`)];

const sparkline = (values) => {
  const found = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  found.setAttribute("viewBox", "0 0 100 24");
  found.setAttribute("preserveAspectRatio", "none");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
  const step = values.length > 1 ? 100 / (values.length - 1) : 0;
  path.setAttribute("points", values.map((value, at) => `${(at * step).toFixed(1)},${(22 - value * 0.2).toFixed(1)}`).join(" "));
  found.append(path);
  return found;
};

const newRow = (name) => {
  const cells = Object.fromEntries(COLUMNS.map((column) => [column.name, make("span", { role: "gridcell", class: `c-${column.name}` })]));
  const element = make("div", { class: "row", role: "row", onclick: () => select(name) }, ...Object.values(cells));
  return { element, cells, row: null, spark: null };
};

const fillRow = (held, row) => {
  if (held.row !== row) {
    held.row = row;
    const { cells } = held;
    cells.symbol.textContent = row.symbol;
    cells.mid.textContent = price(row.mid);
    cells.skill.replaceChildren(...skillOf(row));
    cells.net.textContent = signed(row.net_bps, 1);
    cells.regime.replaceChildren(...(row.regime ? chip(row.regime) : ["-"]));
    cells.version.textContent = versionWords(row.version) || "-";
    cells.state.textContent = row.state;
    held.element.dataset.state = row.state;
  }
  const spark = sparks.get(row.symbol);
  if (held.spark !== spark && spark) {
    held.spark = spark;
    held.cells.spark.replaceChildren(sparkline(spark));
  }
  held.element.setAttribute("aria-selected", row.symbol === chosen);
};

const sortBy = (column) => {
  order = { column, down: order.column === column ? !order.down : !column.text };
  sortedAt = 0;
  paint();
};

const sortNames = () => {
  const wanted = filter.value.trim().toLowerCase();
  const { column, down } = order;
  const sign = down ? -1 : 1;
  names = [...rows.keys()].filter((name) => !wanted || name.toLowerCase().includes(wanted)).sort((one, other) => {
    const [a, b] = [column.of(rows.get(one)), column.of(rows.get(other))];
    if (a === b) return one < other ? -1 : 1;
    if (a === null) return 1;
    if (b === null) return -1;
    return a < b ? -sign : sign;
  });
  for (const [at, each] of COLUMNS.entries()) {
    head.children[at].setAttribute("aria-sort", each === column ? (down ? "descending" : "ascending") : "none");
  }
};

const visibleRange = () => {
  const first = Math.max(0, Math.floor(view.scrollTop / ROW) - 2);
  return [first, Math.min(names.length, first + Math.ceil(view.clientHeight / ROW) + 5)];
};

export const paint = () => {
  const now = performance.now();
  if (now - sortedAt > SORT_MS || !names.length) {
    sortedAt = now;
    sortNames();
  }
  body.style.height = `${names.length * ROW}px`;
  view.style.height = `${Math.min(MOST_ROWS, Math.max(1, names.length)) * ROW}px`;
  grid.setAttribute("aria-rowcount", names.length);
  const more = ignoredRecords ? "; there are more, for which there is no room" : "";
  byId("found").textContent = names.length === rows.size
    ? `${rows.size.toLocaleString("en")} symbol${rows.size === 1 ? "" : "s"}${more}`
    : `${names.length.toLocaleString("en")} of ${rows.size.toLocaleString("en")} symbols${more}`;
  const [first, last] = visibleRange();
  const wanted = new Set(names.slice(first, last));
  for (const [name, held] of drawnRows) {
    if (!wanted.has(name)) {
      held.element.remove();
      drawnRows.delete(name);
    }
  }
  for (let at = first; at < last; at += 1) {
    const name = names[at];
    let held = drawnRows.get(name);
    if (!held) {
      held = newRow(name);
      drawnRows.set(name, held);
      body.append(held.element);
    }
    if (!rows.has(name)) continue; // the symbol was dropped, and the names are not sorted again yet
    fillRow(held, rows.get(name));
    held.element.style.transform = `translateY(${at * ROW}px)`;
  }
};

const select = (name) => {
  chosen = name;
  paint();
  onSelect(name);
};

export const take = ({ reset, columns, rows: changed, gone, crowded: others }) => {
  if (reset) rows.clear();
  for (const name of gone) rows.delete(name);
  ignoredRecords = others;
  for (const values of changed) {
    rows.set(values[0], Object.fromEntries(columns.map((column, at) => [column, values[at]])));
  }
  if (!chosen && rows.size) select(rows.keys().next().value);
  else paint();
};

export const start = (chooser, first) => {
  onSelect = chooser;
  chosen = first;
  view.addEventListener("scroll", () => requestAnimationFrame(paint), { passive: true });
  filter.addEventListener("input", () => { sortedAt = 0; view.scrollTop = 0; paint(); });
  grid.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: MOST_ROWS, PageUp: -MOST_ROWS, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined || event.target !== grid) return;
    event.preventDefault();
    const at = Math.min(names.length - 1, Math.max(0, names.indexOf(chosen) + step));
    view.scrollTop = Math.min(at * ROW, Math.max(view.scrollTop, (at + 1) * ROW - view.clientHeight));
    select(names[at]);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const held of drawnRows.values()) held.row = null;
    paint();
  });
  setInterval(async () => {
    if (document.hidden || !names.length) return;
    const [from, to] = visibleRange();
    try {
      const answer = await fetch(`/sparks?symbols=${names.slice(from, to).map(encodeURIComponent).join(",")}`);
      if (!answer.ok) return;
      for (const name of sparks.keys()) if (!drawnRows.has(name)) sparks.delete(name);
      for (const [name, values] of Object.entries(await answer.json())) sparks.set(name, values);
      paint();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // the server does not answer, which the page already says
    }
  }, SPARKS_MS);
};
