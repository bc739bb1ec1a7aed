// The time line of what changed, and the table of model versions.
import { byId, make, needsDates, table, showExplanation, utc, versionWords } from "./elements.js";
import { actionButton } from "./actions.js";

const KINDS = { breach: "breaches", break: "breaks", retrain: "retrains", version: "versions", experiment: "experiments", command: "commands", alert: "alerts", fault: "faults" };
const hiddenKinds = new Set();
let allChanges = [];

const whyButton = (symbol, name) => make("button", {
  type: "button", class: "plain", onclick: () => showExplanation(`/chain?${new URLSearchParams({ symbol, version: name })}`),
}, "Why");

const timeWithDate = (change) => `${change.written ? "written " : ""}${utc(change.ts_event, true)} UTC`;

const timelineItem = (change, withDate) => make("li", { "data-weight": change.weight, "data-kind": change.kind },
  make("time", { title: timeWithDate(change) }, utc(change.ts_event, withDate)),
  make("span", { class: "what" }, make("strong", {}, change.symbol), ` ${change.title} `, change.subject && make("em", {}, versionWords(change.subject)),
    change.severity && make("b", { class: "severity", "data-severity": change.severity }, change.severity)),
  make("details", {}, make("summary", {}, change.sentence || "no reason was given"),
    make("p", { class: "lead" }, `${timeWithDate(change)}; record `, make("code", {}, change.id)),
    change.kind === "version" ? whyButton(change.symbol, change.subject) : null));

const showTimeline = () => {
  const line = byId("timeline");
  const open = new Set([...line.querySelectorAll("details[open]")].map((each) => each.closest("li").dataset.id));
  const chosen = allChanges.filter((change) => !hiddenKinds.has(change.kind)).slice(0, 120);
  const withDate = needsDates(chosen.map((change) => change.ts_event / 1e6));
  line.classList.toggle("dated", withDate);
  const shown = chosen.map((change) => {
    const made = timelineItem(change, withDate);
    made.dataset.id = `${change.kind} ${change.id}`;
    if (open.has(made.dataset.id)) made.querySelector("details").open = true;
    return made;
  });
  line.replaceChildren(...(shown.length ? shown : [make("li", { class: "waits" }, allChanges.length ? "Everything is filtered out." : "Nothing has changed yet: every symbol runs its built-in version.")]));
};

const showFilters = () => {
  const counts = new Map();
  for (const { kind } of allChanges) counts.set(kind, 1 + (counts.get(kind) ?? 0));
  byId("kinds").replaceChildren(...[...counts].map(([kind, count]) => make("button", {
    type: "button", class: "plain", "aria-pressed": !hiddenKinds.has(kind),
    onclick: () => { if (!hiddenKinds.delete(kind)) hiddenKinds.add(kind); showFilters(); showTimeline(); },
  }, `${KINDS[kind] ?? kind} ${count}`)));
};

const versionRow = (row) => make("tr", {},
  make("td", {}, make("strong", {}, row.symbol)),
  make("td", { class: "says", title: row.version }, versionWords(row.version), ...(row.pinned ? [" (pinned)"] : []), ...(row.held ? [" (held back by a pin)"] : [])),
  make("td", { class: row.weight === "harm" ? "harm" : "" }, row.status),
  make("td", {}, utc(row.since, true)),
  make("td", { class: "says" }, row.reason, ...row.faults.flatMap((said) => [make("br"), make("b", { class: "harm" }, said)]), ...(row.lineage.length ? [make("br"), `from ${row.lineage.map(versionWords).join(" → ")}`] : [])),
  make("td", { class: "says" }, row.metrics.map(([name, value]) => `${name} ${value}`).join("; ") || "-"),
  make("td", {}, ...(row.known ? [whyButton(row.symbol, row.version)] : []),
    ...(row.back_to ? [actionButton("roll_back", row.symbol, "", "Roll back")] : []),
    ...(row.shadow ? [actionButton("promote", row.symbol, row.shadow, "Promote"), actionButton("stop", row.symbol, row.shadow, "Stop")] : [])));

export const take = ({ changes, versions }) => {
  allChanges = changes;
  showFilters();
  showTimeline();
  if (versions.length) {
    byId("versions").replaceChildren(table("What runs first, then the newest",
      ["symbol", "version", "status", "since, UTC", "why, and lineage", "figures", ""], versions.map(versionRow)));
  }
};
