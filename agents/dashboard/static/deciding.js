// The list of experiments, and the chosen one with its verdict, figures, charts and decisions.
import { byId, facts, make, table } from "./elements.js";
import { showFigure } from "./charts.js";
import { actionButton } from "./actions.js";

const place = byId("experiments");
let chosen = "";
let onChoose = () => {};
let listed = { rows: [], all: 0 };

const PANELS = [
  ["evidence", "Evidence", "It may be looked at at any time; beyond a boundary it is decided, unless held back.", true],
  ["confidence", "Confidence sequence", "Holds the mean at all times at once; the band narrows as batches close.", true],
  ["dependence", "Dependence check", "Outside of the band batches depend on each other, and nothing is decided.", false],
  ["watch", "Watch over the winner", "Change detection since it is live; at 1 the version before is made live again.", false],
];

const panel = ([name, title, sentence, wide]) =>
  make("figure", { class: `panel${wide ? " wide" : ""}`, "data-panel": name },
    make("figcaption", {}, make("h3", {}, title), make("p", {}, sentence), make("p", { class: "unit" })),
    make("div", { class: "plot", id: name, tabindex: "0", role: "img", "aria-label": `${title}: ${sentence}` },
      make("div", { class: "waits" }, "Waiting for the first batches.")));

const guardrails = (rows) => rows.length
  ? table("What must not become worse", ["guardrail", "estimate", "confidence sequence", "limit", "evidence", "state"],
    rows.map((row) => make("tr", {}, make("td", {}, row.metric), make("td", {}, row.effect), make("td", {}, row.interval),
      make("td", {}, row.margin), make("td", {}, row.log_e),
      make("td", { class: row.kept ? "" : "open" }, row.kept ? "kept" : "not shown to be kept"))))
  : make("p", { class: "lead" }, "No guardrail is registered: nothing but the primary metric was looked at.");

const decisions = (rows) => rows.length
  ? make("div", { class: "told" }, table("Decisions", ["when, UTC", "decision", "reason"], rows.map(([when, what, why]) =>
    make("tr", {}, make("td", {}, when), make("td", {}, what), make("td", { class: "says" }, why)))))
  : null;

const actions = (one) => make("div", { class: "actions" },
  ...(one.shadow ? [actionButton("promote", one.symbol, one.shadow, "Promote the challenger"),
    actionButton("stop", one.symbol, one.shadow, one.running ? "Stop the experiment" : "Stop the challenger")] : []),
  ...(one.live ? [actionButton("roll_back", one.symbol, "", "Roll back")] : []));

let details = null;

const filledDetails = (one) => {
  if (!details) {
    details = {
      verdict: make("p", { class: "verdict" }), facts: make("dl", { class: "tiles" }), actions: make("div"),
      rails: make("div"), panels: make("div", { class: "panels" }, ...PANELS.map(panel)),
    };
    details.whole = make("article", { class: "experiment" }, details.verdict, details.facts, details.actions, details.panels, details.rails);
  }
  details.verdict.textContent = one.verdict;
  facts(details.facts, one.facts);
  details.actions.replaceChildren(actions(one));
  details.rails.replaceChildren(...[guardrails(one.guardrails), decisions(one.decisions)].filter(Boolean));
  return details.whole;
};

const choose = (key) => {
  if (key === chosen) return;
  chosen = key;
  onChoose(key);
  showList();
};

const row = (one) => make("tr", { class: "choice", "aria-selected": one.key === chosen, onclick: () => choose(one.key) },
  make("td", {}, make("button", { type: "button", class: "plain" }, one.experiment), ` ${one.symbol}`),
  make("td", {}, one.status), make("td", {}, one.effect), make("td", {}, one.interval),
  make("td", {}, one.log_e_better), make("td", {}, one.log_e_worse), make("td", {}, one.threshold), make("td", {}, one.scored));

const showList = () => {
  const more = listed.all > listed.rows.length ? `; ${listed.all - listed.rows.length} more are not listed` : "";
  const list = table(`What is tried, undecided first${more}`,
    ["experiment", "status", "effect", "95 % confidence sequence", "evidence better", "worse", "needed", "pairs"], listed.rows.map(row));
  if (details?.whole.parentElement === place) place.firstElementChild.replaceWith(list);
  else place.replaceChildren(list);
};

export const take = (found) => {
  listed = found;
  if (!listed.rows.length) return;
  if (listed.rows.some((each) => each.key === chosen)) showList();
  else choose(listed.rows[0].key);
};

export const takeFigures = (found) => {
  if (!found || found.key !== chosen) return;
  const article = filledDetails(found.standing);
  if (article.parentElement !== place) place.append(article);
  const there = new Set(found.figures.map((each) => each.name));
  for (const [name] of PANELS) article.querySelector(`[data-panel="${name}"]`).hidden = !there.has(name);
  for (const [name] of PANELS) article.querySelector(`#${name}`).dataset.revision = found.key;
  found.figures.forEach(showFigure);
};

export const start = (looker) => { onChoose = looker; };
