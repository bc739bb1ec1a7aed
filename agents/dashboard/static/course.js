// Charts of one symbol over event time: price with predictions, regime, weights of the experts, position, paper account.
import { byId, facts, make, signed, showExplanation, versionWords } from "./elements.js";
import { closedHours, isDark, show } from "./charts.js";
import { actionButton } from "./actions.js";

const EMPTY_FIGURE = byId("course-figure").textContent;
const SHADES = JSON.parse(byId("regimes").textContent);
const MARKER_PX = 8;
const plot = byId("course");
const T = 0, MID = 1, PROBABILITY = 2, CONFIDENCE = 3, POSITION = 4, REGIME = 5, NET = 6, GROSS = 7, OFFSET = 8;

let points = [];
// Weights of the experts as rows [time, weight of each name]; `words` are the names as they are shown; `latest` is
// [time, weights by name] of the newest outcome.
let weightHistory = { names: [], words: [], points: [], latest: null };
let symbol = "";
let partition = 0;

const iso = (ms) => new Date(ms).toISOString().replace("Z", "");

const fillMarkers = (trace, chosen, up) => {
  const own = chosen.filter((point) => point[PROBABILITY] > 0.5 === up && point[PROBABILITY] !== 0.5);
  trace.x = own.map((point) => iso(point[T]));
  trace.y = own.map((point) => point[MID]);
  trace.marker.opacity = own.map((point) => Math.min(1, 0.1 + 3 * (point[CONFIDENCE] - 0.5)));
  trace.text = own.map((point) => `${up ? "up" : "down"}, ${(100 * point[CONFIDENCE]).toFixed(1)} % sure; click for why`);
  trace.customdata = own.map((point) => point[OFFSET]);
};

// Stacked bands of the experts' weights over the time of the chart, with the newest weights at their end. Experts without
// any weight are left out; those beyond `most`, the number of colours, are summed up in the last band.
const weightBands = (most) => {
  const { names, words, points: rows, latest } = weightHistory;
  const from = points[0][T];
  const first = Math.max(0, rows.findLastIndex((row) => row[T] <= from));
  const shown = rows.slice(first).map(([at, ...of]) => [Math.max(at, from), of]);
  if (latest && latest[0] > (rows.at(-1)?.[T] ?? 0)) shown.push([Math.max(latest[0], from), names.map((name) => latest[1][name] ?? 0)]);
  const mean = names.map((_, at) => shown.reduce((sum, [, of]) => sum + of[at], 0));
  const ranked = names.map((_, at) => at).filter((at) => mean[at] > 0).sort((a, b) => mean[b] - mean[a]);
  const apart = new Set(ranked.length > most ? ranked.slice(0, most - 1) : ranked);
  const bands = names.flatMap((_, at) => (apart.has(at) ? [[words[at], shown.map(([, of]) => of[at])]] : []));
  if (apart.size < ranked.length) {
    bands.push(["all others", shown.map(([, of]) => of.reduce((sum, part, at) => sum + (apart.has(at) ? 0 : part), 0))]);
  }
  return { x: shown.map(([at]) => iso(at)), bands };
};

// Regimes as cells with edges half-way between points. Hours in which the market was closed are an empty cell, since the
// axis has no place for an edge within such a break.
const regimeCells = () => {
  const spans = closedHours([{ x: points.map((point) => point[T]) }]).map(({ bounds }) => bounds.map((at) => Date.parse(`${at}Z`)));
  const edges = [points[0][T]], regimeAt = [];
  points.forEach((point, at) => {
    const end = points[at + 1]?.[T] ?? point[T];
    const over = spans.find(([from, to]) => from >= point[T] && to <= end);
    edges.push(over ? over[0] : (point[T] + end) / 2);
    regimeAt.push(point[REGIME]);
    if (over) {
      edges.push(over[1]);
      regimeAt.push(null);
    }
  });
  return { edges, regimeAt };
};

const filledFigure = (regimes) => {
  const made = JSON.parse(EMPTY_FIGURE);
  const [price, up, down, regime, net, gross, position, ...weightTraces] = made.data;
  const x = points.map((point) => iso(point[T]));
  for (const [trace, column] of [[price, MID], [net, NET], [gross, GROSS], [position, POSITION]]) {
    trace.x = x;
    trace.y = points.map((point) => point[column]);
  }
  const step = Math.max(1, Math.ceil((MARKER_PX * points.length) / Math.max(1, plot.clientWidth)));
  const chosen = points.filter((_, at) => (points.length - 1 - at) % step === 0);
  fillMarkers(up, chosen, true);
  fillMarkers(down, chosen, false);
  const cells = regimeCells();
  regime.x = cells.edges.map(iso);
  regime.z = [cells.regimeAt];
  regime.text = [cells.regimeAt.map((at) => (at === null ? "" : regimes[at]))];
  const { x: moments, bands } = weightBands(weightTraces.length);
  if (moments.length > 1) {
    bands.forEach(([name, y], at) => Object.assign(weightTraces[at], { x: moments, y, name, visible: true }));
  } else {
    const missing = made.layout.annotations.find((note) => note.name === "beliefs");
    Object.assign(missing, { visible: true, text: `Not enough data yet: ${moments.length} of 2 matured outcomes.` });
  }
  showLegend(regimes, bands.map(([name, y], at) => [name, y.at(-1), weightTraces[at].fillcolor]));
  if (plot.clientWidth < 480) {
    for (const note of made.layout.annotations) note.text = note.text.split(/[;:]/)[0];
  }
  return made;
};

const showLegend = (regimes, bands) => {
  const twins = JSON.parse(byId("twins").textContent);
  const chip = (shade, words) => make("span", {}, make("i", { class: "chip", style: `background:${shade}` }), words);
  const present = new Set(points.map((point) => regimes[point[REGIME]]));
  byId("course-legend").replaceChildren(
    make("b", {}, "Regime:"),
    ...Object.entries(SHADES).filter(([name]) => present.has(name)).map(([name, shade]) => chip(isDark() ? shade.dark : shade.light, name.replace("-", ", "))),
    make("b", {}, "Weight:"),
    ...(bands.some(([, now]) => now !== undefined)
      ? bands.map(([name, now, shade]) => chip(isDark() ? twins[shade] ?? shade : shade, `${name} ${(100 * now).toFixed(1)} %`))
      : ["no outcome has matured yet"]));
};

const showFacts = ({ prediction, leads, mark, window }) => {
  const rows = [];
  if (prediction) {
    rows.push(["Prediction", `${prediction.direction}`, `${(100 * prediction.confidence).toFixed(1)} % sure, calibrated; leads: ${leads}`]);
    rows.push(["Position", signed(100 * prediction.position_size, 2, "%"), prediction.stand_aside ? "of capital; stands aside: neither side can be excluded" : "of capital, net of cost"]);
    rows.push(["Version", versionWords(prediction.model_version), `regime ${prediction.regime.replace("-", ", ")}`]);
  }
  rows.push(window && window.n_eff
    ? ["Skill, last window", signed(window.skill, 3), `95 % ${signed(window.low, 3)} to ${signed(window.high, 3)}; n = ${window.n.toLocaleString("en")}, ${window.n_eff.toLocaleString("en")} independent; against ${window.best.replaceAll("_", " ")}`]
    : ["Skill, last window", "-", "not enough data yet: no accuracy window has closed"]);
  rows.push(mark
    ? ["Paper account", signed(mark.net_bps, 2, "bps"), `after cost, of capital; ${signed(mark.gross_bps, 2)} before; fell ${mark.drawdown_bps.toFixed(2)} from its peak; ${mark.trades.toLocaleString("en")} round trips, ${mark.wins.toLocaleString("en")} won`]
    : ["Paper account", "-", "no trade or mark yet"]);
  facts(byId("symbol-facts"), rows);
};

// Buttons for the actions that would have an effect: roll back if there is a version to go back to; pin or release.
let shownActions = "";
const showActions = ({ symbol: of, back_to: back, pinned }) => {
  const wanted = JSON.stringify([of, back, pinned]);
  if (shownActions === wanted) return;
  shownActions = wanted;
  byId("symbol-actions").replaceChildren(
    ...(back ? [actionButton("roll_back", of, "", `Roll back to ${versionWords(back)}`)] : []),
    actionButton("retrain", of, "", "Retrain now"),
    pinned ? actionButton("unpin", of, "", "Release the pin") : actionButton("pin", of, "", "Pin the live version"));
};

export const take = (course) => {
  if (course.reset) points = [];
  if (course.symbol !== symbol) {
    symbol = course.symbol;
    plot.dataset.revision = symbol;
    byId("symbol-name").textContent = symbol;
  }
  showActions(course);
  partition = course.partition;
  points.push(...course.points);
  const { reset, names, words, points: rows, latest } = course.beliefs;
  weightHistory = { names, words, latest, points: reset ? rows : [...weightHistory.points, ...rows] };
  showFacts(course);
  if (points.length) {
    const made = filledFigure(course.regimes);
    show(plot, JSON.stringify(made), made.layout.height, true);
  }
  plot.dataset.points = points.length;
  plot.dataset.weights = weightHistory.points.length;
};

const explain = (offset) => showExplanation(`/prediction?partition=${partition}&offset=${offset}`);

export const start = () => {
  byId("explain").addEventListener("click", () => points.length && explain(points.at(-1)[OFFSET]));
  const listen = () => {
    if (!plot.on) return setTimeout(listen, 300);
    return plot.on("plotly_click", ({ points: [first] }) => first.customdata !== undefined && explain(first.customdata));
  };
  listen();
};
