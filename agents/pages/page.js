// Draws the figures of the page, exchanges their colours on a dark ground, and lets the time charts share cursor and range.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const twins = JSON.parse(document.getElementById("twins").textContent);
  const coloured = (text) => (dark.matches ? text.replace(/#[0-9a-f]{6}\b|rgba\([^)]*\)/g, (each) => twins[each] ?? each) : text);
  const plots = [...document.querySelectorAll(".plot")];
  const shared = plots.filter((plot) => "shared" in plot.dataset);
  const clock = document.querySelector(".clock");
  const idle = clock.textContent;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const axisOf = (plot) => plot._fullLayout.xaxis;
  let moving = false;

  const figureOf = (plot) => {
    const figure = JSON.parse(coloured(document.getElementById(`${plot.id}-figure`).textContent));
    const layout = figure.layout;
    if (plot.clientWidth < 480) layout.xaxis.nticks = 5;
    const range = plot._fullLayout && "shared" in plot.dataset && !axisOf(plot).autorange && axisOf(plot).range;
    if (range) Object.assign(layout.xaxis, { range: [...range], autorange: false });
    return { ...figure, config: { displayModeBar: false, responsive: true, doubleClick: "reset" } };
  };

  const point = (time, except) => {
    for (const plot of shared) {
      const line = plot.querySelector(".cursor");
      const axis = axisOf(plot);
      const size = plot._fullLayout._size;
      const at = time === null ? -1 : axis.d2p(time);
      const seen = at >= 0 && at <= axis._length && plot !== except;
      line.style.display = seen ? "block" : "none";
      if (seen) Object.assign(line.style, { left: `${axis._offset + at}px`, top: `${size.t}px`, height: `${size.h}px` });
    }
    if (time === null) { clock.textContent = idle; return; }
    const moment = new Date(time);
    const here = moment.toLocaleString("sv-SE", { hour12: false, timeZone: zone });
    clock.textContent = `${moment.toISOString().replace("T", " ").replace("Z", "")} UTC, ${here} ${zone}`;
  };

  const follow = async (source, change) => {
    if (moving || !Object.keys(change).some((key) => key.startsWith("xaxis."))) return;
    moving = true;
    const range = [...axisOf(source).range]; // what was said may be one end of it only
    await Promise.all(shared.filter((plot) => plot !== source).map((plot) => Plotly.relayout(plot, { "xaxis.range": [...range] })));
    moving = false;
  };

  const stepped = (plot, event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") { plot.cursorAt = undefined; Plotly.Fx.unhover(plot); point(null); return; }
    if (!step) return;
    event.preventDefault();
    const axis = axisOf(plot);
    const [low, high] = axis.range.map((end) => axis.r2l(end));
    const wide = (high - low) / (event.shiftKey ? 10 : 100);
    plot.cursorAt = Math.min(high, Math.max(low, (plot.cursorAt ?? (low + high) / 2) + step * wide));
    Plotly.Fx.hover(plot, { xpx: axis.l2p(plot.cursorAt), ypx: axis._length / 4 }, "xy");
    point(plot.cursorAt);
  };

  const draw = (plot) => Plotly.react(plot, figureOf(plot));
  const start = async () => {
    for (const plot of plots) await draw(plot);
    for (const plot of shared) {
      plot.append(Object.assign(document.createElement("div"), { className: "cursor" }));
      plot.addEventListener("mousemove", (event) => {
        const axis = axisOf(plot);
        const at = event.clientX - plot.getBoundingClientRect().left - axis._offset;
        point(at >= 0 && at <= axis._length ? axis.p2l(at) : null);
      });
      plot.addEventListener("mouseleave", () => point(null));
      plot.addEventListener("keydown", (event) => stepped(plot, event));
      plot.on("plotly_relayout", (change) => follow(plot, change));
    }
    dark.addEventListener("change", () => plots.forEach(draw));
    addEventListener("beforeprint", () => plots.forEach((plot) => Plotly.Plots.resize(plot)));
    document.documentElement.dataset.drawn = plots.length;
  };
  start();
})();
