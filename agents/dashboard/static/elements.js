// Elements from data: text stays text, whatever a topic holds.

export const byId = (id) => document.getElementById(id);

export const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};

const wrote = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

const STATES = { idle: "idle", good: "good", attention: "look at it", act: "act" };

// Tiles keep their elements, so that only what changed is painted and a reader's place is kept.
export const tiles = (list, rows) => {
  const known = new Map([...list.children].map((tile) => [tile.dataset.name, tile]));
  for (const { name, label, value, note, colour, since, rule } of rows) {
    let tile = known.get(name);
    if (!tile) {
      tile = make("div", { class: "tile", "data-name": name },
        make("dt"), make("dd", { class: "value" }), make("dd", { class: "note" }), make("dd", { class: "since" }));
      list.append(tile);
    }
    known.delete(name);
    const [title, figure, small, state] = tile.children;
    wrote(title, label);
    wrote(figure, value);
    wrote(small, note);
    if (colour) {
      tile.dataset.colour = colour;
      wrote(state, `${STATES[colour]} since ${since.replace(" UTC", "")}`);
      tile.title = rule ? `Rule: ${rule}` : "";
    }
  }
  for (const gone of known.values()) gone.remove();
};

export const facts = (list, rows) =>
  tiles(list, rows.map(([label, value, note]) => ({ name: label, label, value, note })));

export const table = (caption, titles, rows) =>
  make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    make("table", {},
      make("caption", {}, caption),
      make("thead", {}, make("tr", {}, ...titles.map((title) => make("th", { scope: "col" }, title)))),
      make("tbody", {}, ...rows)));

const twoDigits = (number) => String(number).padStart(2, "0");

// Event times are nanoseconds beyond what a number holds exactly; milliseconds are enough to read.
export const utc = (ns, withDate = false) => {
  const moment = new Date(ns / 1e6);
  const time = [moment.getUTCHours(), moment.getUTCMinutes(), moment.getUTCSeconds()].map(twoDigits).join(":");
  return withDate ? `${moment.toISOString().slice(0, 10)} ${time}` : time;
};

// Whether times need their date beside them: they are of more than one day, or of another one than today.
export const needsDates = (times) => {
  const days = new Set(times.map((ms) => new Date(ms).toISOString().slice(0, 10)));
  return days.size > 1 || (days.size === 1 && !days.has(new Date().toISOString().slice(0, 10)));
};

export const local = (ms) => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return `${new Date(ms).toLocaleString("sv-SE", { hour12: false, timeZone: zone })} ${zone}`;
};

// The name of what every symbol begins with ends in the digest of its parameters.
export const versionWords = (version) => version.replace(/^builtin-[0-9a-f]{8}$/, "built-in");

export const signed = (value, digits, unit = "") =>
  value === null || value === undefined || !Number.isFinite(value)
    ? "-"
    : `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(digits)}${unit && ` ${unit}`}`;

// The chain of a prediction or of a version, in the dialog that all of them share.
export const tell = async (address) => {
  byId("why-title").textContent = "Reading the topics.";
  byId("why-steps").replaceChildren();
  byId("why").showModal();
  const answer = await fetch(address, { headers: { "Tickloop-Page": "1" } }).catch(() => null);
  const found = (await answer?.json().catch(() => null)) ?? { refused: "The dashboard does not answer." };
  byId("why-title").textContent = found.refused ?? found.title;
  byId("why-steps").replaceChildren(...(found.steps ?? []).flatMap(([name, value, note]) => [
    make("dt", {}, name), make("dd", {}, make("strong", {}, value), make("br"), make("span", { class: "lead" }, note))]));
};
