// One time line of what changed, and the versions that came of it.
import { byId, make, needsDates, table, tell, utc, versionWords } from "./elements.js";
import { offer } from "./actions.js";

const KINDS = { breach: "breaches", break: "breaks", retrain: "retrains", version: "versions", experiment: "experiments", command: "commands", alert: "alerts" };
const hidden = new Set();
let known = [];

const whyButton = (symbol, version) => make("button", {
  type: "button", class: "plain", onclick: () => tell(`/chain?${new URLSearchParams({ symbol, version })}`),
}, "Why");

const dated = (change) => `${change.written ? "written " : ""}${utc(change.ts_event, true)} UTC`;

const item = (change, withDate) => make("li", { "data-weight": change.weight, "data-kind": change.kind },
  make("time", { title: dated(change) }, utc(change.ts_event, withDate)),
  make("span", { class: "what" }, make("strong", {}, change.symbol), ` ${change.title} `, change.subject && make("em", {}, versionWords(change.subject)),
    change.severity && make("b", { class: "severity", "data-severity": change.severity }, change.severity)),
  make("details", {}, make("summary", {}, change.sentence || "no reason was given"),
    make("p", { class: "lead" }, `${dated(change)}; record `, make("code", {}, change.id)),
    change.kind === "version" ? whyButton(change.symbol, change.subject) : null));

const paint = () => {
  const line = byId("timeline");
  const open = new Set([...line.querySelectorAll("details[open]")].map((each) => each.closest("li").dataset.id));
  const chosen = known.filter((change) => !hidden.has(change.kind)).slice(0, 120);
  const withDate = needsDates(chosen.map((change) => change.ts_event / 1e6));
  line.classList.toggle("dated", withDate);
  const shown = chosen.map((change) => {
    const made = item(change, withDate);
    made.dataset.id = `${change.kind} ${change.id}`;
    if (open.has(made.dataset.id)) made.querySelector("details").open = true;
    return made;
  });
  line.replaceChildren(...(shown.length ? shown : [make("li", { class: "waits" }, known.length ? "Everything is filtered out." : "Nothing has changed yet: every symbol runs its built-in version.")]));
};

const filters = () => {
  const counts = new Map();
  for (const { kind } of known) counts.set(kind, 1 + (counts.get(kind) ?? 0));
  byId("kinds").replaceChildren(...[...counts].map(([kind, count]) => make("button", {
    type: "button", class: "plain", "aria-pressed": !hidden.has(kind),
    onclick: () => { if (!hidden.delete(kind)) hidden.add(kind); filters(); paint(); },
  }, `${KINDS[kind] ?? kind} ${count}`)));
};

const version = (row) => make("tr", {},
  make("td", {}, make("strong", {}, row.symbol)),
  make("td", { class: "says", title: row.version }, versionWords(row.version), ...(row.pinned ? [" (pinned)"] : []), ...(row.held ? [" (held back by a pin)"] : [])),
  make("td", { class: row.weight === "harm" ? "harm" : "" }, row.status),
  make("td", {}, utc(row.since, true)),
  make("td", { class: "says" }, row.reason, ...(row.lineage.length ? [make("br"), `from ${row.lineage.map(versionWords).join(" → ")}`] : [])),
  make("td", { class: "says" }, row.metrics.map(([name, value]) => `${name} ${value}`).join("; ") || "-"),
  make("td", {}, ...(row.known ? [whyButton(row.symbol, row.version)] : []),
    ...(row.back_to ? [offer("roll_back", row.symbol, "", "Roll back")] : []),
    ...(row.shadow ? [offer("promote", row.symbol, row.shadow, "Promote"), offer("stop", row.symbol, row.shadow, "Stop")] : [])));

export const take = ({ changes, versions }) => {
  known = changes;
  filters();
  paint();
  if (versions.length) {
    byId("versions").replaceChildren(table("What runs first, then the newest",
      ["symbol", "version", "status", "since, UTC", "why, and lineage", "figures", ""], versions.map(version)));
  }
};
