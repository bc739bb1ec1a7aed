// Receives events of the server and hands each to its section of the page; says when the server is gone.
import { byId, facts, make, needsDates, table, tiles, utc } from "./elements.js";
import { showFigure } from "./charts.js";
import * as symbols from "./now.js";
import * as course from "./course.js";
import * as deciding from "./deciding.js";
import * as changes from "./changed.js";
import * as actions from "./actions.js";

const { actionButton } = actions;

const MODES = {
  starting: "starting", no_data: "no data yet", live: "live", quiet: "quiet", replaying: "replaying",
  recovering: "recovering", broker_gone: "broker gone", stalled: "page stands still",
};
const SILENT_MS = 14000;
const query = new URLSearchParams(location.search);
const selection = { symbol: query.get("symbol") ?? "", experiment: "" };
let page = "";
let lastHeardMs = 0;
let latestAlive = null;
let source = null;

const showDisconnected = () => {
  if (document.body.dataset.link !== "lost") document.body.dataset.link = "lost";
  const age = lastHeardMs ? Math.round((Date.now() - lastHeardMs) / 1000) : null;
  byId("mode").textContent = "dashboard gone";
  byId("sentence").textContent = age === null
    ? "The dashboard does not answer; this page goes on trying."
    : `The dashboard does not answer: what is shown is ${age} s old. This page goes on trying by itself.`;
};

const showConnected = () => {
  lastHeardMs = Date.now();
  if (document.body.dataset.link === "open") return;
  document.body.dataset.link = "open";
  if (latestAlive) showAlive(latestAlive);
};

const showAlive = (found) => {
  latestAlive = found;
  document.body.dataset.mode = found.mode;
  byId("mode").textContent = MODES[found.mode];
  byId("mode").dataset.colour = found.colour;
  if (byId("sentence").textContent !== found.sentence) byId("sentence").textContent = found.sentence;
  tiles(byId("alive-tiles"), found.tiles);
  const most = Math.max(...found.lags, 1);
  const bars = byId("lags");
  if (bars.children.length !== found.lags.length) {
    bars.replaceChildren(...found.lags.map((_, partition) => make("span", {}, make("i"), make("b", {}, String(partition)))));
  }
  found.lags.forEach((lag, partition) => {
    bars.children[partition].title = `partition ${partition}: ${lag.toLocaleString("en")} ticks without a checkpoint`;
    bars.children[partition].firstChild.style.height = `${Math.round((22 * lag) / most)}px`;
  });
};

const showGood = (found) => {
  byId("good-verdict").textContent = found.verdict;
  facts(byId("good-facts"), found.facts);
  found.figures.forEach(showFigure);
};

const showDeadLetters = ({ counts, newest }) => {
  if (!counts.length) return;
  const withDate = needsDates(newest.map((letter) => letter.at_ms));
  byId("letters-body").replaceChildren(
    make("p", { class: "lead" }, `Of those that were read: ${counts.map(([reason, count]) => `${reason.replaceAll("_", " ")} ${count.toLocaleString("en")}`).join(", ")}.`),
    table("The newest", ["written, UTC", "reason", "what was wrong", "payload"], newest.map((letter) => make("tr", {},
      make("td", {}, utc(letter.at_ms * 1e6, withDate)), make("td", {}, letter.reason.replaceAll("_", " ")),
      make("td", { class: "says" }, letter.detail), make("td", { class: "says" }, make("code", {}, letter.payload))))));
};

const showAlerts = (rows) => {
  const seen = rows.filter((row) => row.seen).length;
  const fresh = rows.length - seen;
  byId("alerts-summary").textContent = `Open alerts: ${fresh || "none"}${seen ? `; ${seen} acknowledged` : ""}`;
  if (!rows.length) {
    byId("alerts-body").replaceChildren(make("p", { class: "lead" }, "No alert is open."));
    return;
  }
  const written = (row) => row.ts_event ? utc(row.ts_event, true) : "-";
  byId("alerts-body").replaceChildren(table("Open, those that nobody acknowledged first", ["event time, UTC", "severity", "symbol", "alert", "sentence", ""], rows.map((row) =>
    make("tr", { class: row.seen ? "seen" : "" }, make("td", {}, written(row)), make("td", {}, make("b", { class: "severity", "data-severity": row.severity }, row.severity)),
      make("td", {}, row.symbol || "all symbols"), make("td", {}, row.kind), make("td", { class: "says" }, row.sentence, ...(row.seen ? [make("br"), row.seen] : [])),
      make("td", {}, row.seen ? "" : actionButton("acknowledge", row.symbol, "", "Acknowledge", { alert: row.key, about: row.kind }))))));
};

const sendSelection = async () => {
  if (!page) return;
  const answer = await fetch(`/look?${new URLSearchParams({ page, ...selection })}`);
  if (answer.status === 410) connect();
};

const connect = () => {
  source?.close();
  source = new EventSource(`/events?${new URLSearchParams(selection)}`);
  source.onerror = () => {
    page = "";
    showDisconnected();
    // The server rejected the request: unlike after an interruption, the browser does not try again by itself.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  };
  const on = (name, take) => source.addEventListener(name, ({ data }) => { showConnected(); take(JSON.parse(data)); });
  on("hello", (found) => { page = found.page; });
  on("here", () => {});
  on("alive", showAlive);
  on("good", showGood);
  on("letters", showDeadLetters);
  on("alerts", showAlerts);
  on("rows", symbols.take);
  on("course", course.take);
  on("deciding", deciding.take);
  on("evidence", deciding.takeFigures);
  on("changes", changes.take);
};

actions.start();
course.start();
deciding.start((experiment) => { selection.experiment = experiment; sendSelection(); });
symbols.start((symbol) => {
  selection.symbol = symbol;
  history.replaceState(null, "", `?symbol=${encodeURIComponent(symbol)}`);
  sendSelection();
}, selection.symbol);
connect();
setInterval(() => {
  if (document.body.dataset.link === "lost" || (lastHeardMs && Date.now() - lastHeardMs > SILENT_MS)) showDisconnected();
}, 1000);
