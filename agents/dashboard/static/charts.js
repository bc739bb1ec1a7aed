// Draws each chart when it has changed and is visible. Charts over event time share one cursor.
import { byId, local, make } from "./elements.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const twins = JSON.parse(byId("twins").textContent);
const clock = byId("clock");
const HINT = "Times are event times, UTC. Point at a chart for its moment; drag to zoom, double-click to go back.";
const figureTexts = new Map();
const shared = new Set();
const CONFIG = { displayModeBar: false, responsive: true, doubleClick: "reset" };

clock.textContent = HINT;

export const coloured = (text) =>
  dark.matches ? text.replace(/#[0-9a-f]{6}\b|rgba\([^)]*\)/g, (each) => twins[each] ?? each) : text;

export const isDark = () => dark.matches;

const visibility = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    target.seen = isIntersecting;
    if (isIntersecting && target.stale) draw(target);
  }
}, { rootMargin: "200px" });

const missingData = (sentence, part) =>
  make("div", { class: "waits" }, sentence,
    make("div", { class: "progress", "aria-hidden": "true" }, make("span", { style: `width:${Math.round(100 * part)}%` })));

// Pauses over an hour in which nothing happened (a closed market), to be cut out of the time axis except for a short piece.
// They are found in the times that are drawn, since no calendar knows every market.
const CLOSED_MS = 3_600_000;
const USUAL_STEPS = 20;
const millis = (x) => (typeof x === "number" ? x : Date.parse(/Z$|[+-]\d\d:\d\d$/.test(x) ? x : `${x}Z`));

export const closedHours = (traces) => {
  const times = [...new Set(traces.filter((trace) => Array.isArray(trace.x)).flatMap((trace) => trace.x.map(millis)))]
    .filter(Number.isFinite).sort((one, other) => one - other);
  const steps = times.slice(1).map((at, place) => at - times[place]);
  const usual = [...steps].sort((one, other) => one - other)[Math.floor(steps.length / 2)] ?? 0;
  const open = steps.reduce((sum, step) => sum + (step > CLOSED_MS && step > USUAL_STEPS * usual ? 0 : step), 0);
  const left = Math.max(1_000, open / 60);
  return steps.flatMap((step, place) => step > Math.max(CLOSED_MS, USUAL_STEPS * usual, 3 * left)
    ? [{ bounds: [times[place] + left / 2, times[place + 1] - left / 2].map((ms) => new Date(ms).toISOString().replace("Z", "")) }] : []);
};

const draw = async (plot) => {
  plot.stale = false;
  const figure = JSON.parse(coloured(figureTexts.get(plot)));
  if (plot.clientWidth < 480) figure.layout.xaxis.nticks = 4;
  if (shared.has(plot)) figure.layout.xaxis.rangebreaks = closedHours(figure.data);
  figure.layout.uirevision = plot.dataset.revision ?? "same";
  if (!plot.drawn) {
    plot.replaceChildren();
    plot.drawn = true;
  }
  await Plotly.react(plot, figure.data, figure.layout, CONFIG);
  plot.dataset.drawings = 1 + Number(plot.dataset.drawings ?? 0);
  if (shared.has(plot)) addCursor(plot);
};

export const show = (plot, text, height, isShared) => {
  if (isShared) shared.add(plot);
  plot.style.height = `${height}px`;
  figureTexts.set(plot, text);
  plot.stale = true;
  if (plot.seen === undefined) visibility.observe(plot);
  else if (plot.seen) draw(plot);
};

export const showFigure = (panel) => {
  const plot = byId(panel.name);
  const unit = plot.closest("figure")?.querySelector(".unit");
  if (unit) unit.textContent = panel.unit ?? "";
  if (!panel.figure) {
    if (plot.drawn) Plotly.purge(plot);
    plot.drawn = false;
    figureTexts.delete(plot);
    plot.style.height = "";
    plot.replaceChildren(missingData(panel.missing, panel.part ?? 0));
    return;
  }
  const text = JSON.stringify(panel.figure);
  if (figureTexts.get(plot) !== text) show(plot, text, panel.height, panel.shared);
};

const axisOf = (plot) => plot._fullLayout?.xaxis;

const moveCursor = (time, source) => {
  for (const plot of shared) {
    const line = plot.querySelector(":scope > .cursor");
    const axis = axisOf(plot);
    if (!line || !axis || !plot.isConnected) continue;
    const at = time === null ? -1 : axis.d2p(time);
    const size = plot._fullLayout._size;
    const visible = at >= 0 && at <= axis._length && plot !== source;
    line.style.display = visible ? "block" : "none";
    if (visible) Object.assign(line.style, { left: `${size.l + at}px`, top: `${size.t}px`, height: `${size.h}px` });
  }
  clock.textContent = time === null ? HINT
    : `${new Date(time).toISOString().replace("T", " ").replace("Z", "")} UTC, ${local(time)}`;
};

const addCursor = (plot) => {
  if (plot.querySelector(":scope > .cursor")) return;
  plot.append(make("div", { class: "cursor" }));
  if (plot.followed) return;
  plot.followed = true;
  plot.addEventListener("mousemove", (event) => {
    const axis = axisOf(plot);
    const at = event.clientX - plot.getBoundingClientRect().left - axis._offset;
    moveCursor(at >= 0 && at <= axis._length ? axis.p2l(at) : null, plot);
  });
  plot.addEventListener("mouseleave", () => moveCursor(null));
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const [low, high] = axisOf(plot).range.map((end) => axisOf(plot).r2l(end));
    plot.at = Math.min(high, Math.max(low, (plot.at ?? high) + (step * (high - low)) / (event.shiftKey ? 10 : 100)));
    moveCursor(plot.at);
  });
};

dark.addEventListener("change", () => {
  for (const plot of figureTexts.keys()) draw(plot);
});
