// Builds elements from data. Data is always inserted as text, so that records cannot inject HTML.

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

const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

const STATES = { idle: "idle", good: "good", attention: "look at it", act: "act" };

// Updates a list of tiles. Existing elements are reused, so that the browser redraws only what changed and keeps the scroll
// position.
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
    setText(title, label);
    setText(figure, value);
    setText(small, note);
    if (colour) {
      tile.dataset.colour = colour;
      setText(state, `${STATES[colour]} since ${since.replace(" UTC", "")}`);
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

// A time in ns as text, to the second. JavaScript cannot hold ns since 1970 exactly, which does not matter at this precision.
export const utc = (ns, withDate = false) => {
  const moment = new Date(ns / 1e6);
  const time = [moment.getUTCHours(), moment.getUTCMinutes(), moment.getUTCSeconds()].map(twoDigits).join(":");
  return withDate ? `${moment.toISOString().slice(0, 10)} ${time}` : time;
};

// Whether times need their date beside them: they are of several days, or of another day than today.
export const needsDates = (times) => {
  const days = new Set(times.map((ms) => new Date(ms).toISOString().slice(0, 10)));
  return days.size > 1 || (days.size === 1 && !days.has(new Date().toISOString().slice(0, 10)));
};

export const local = (ms) => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return `${new Date(ms).toLocaleString("sv-SE", { hour12: false, timeZone: zone })} ${zone}`;
};

// A version's name for people: the built-in version's name ends in a digest of its parameters, which is left out.
export const versionWords = (version) => version.replace(/^builtin-[0-9a-f]{8}$/, "built-in");

export const signed = (value, digits, unit = "") =>
  value === null || value === undefined || !Number.isFinite(value)
    ? "-"
    : `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(digits)}${unit && ` ${unit}`}`;

// Fetches the explanation of a prediction or of a version's status, and shows it in a dialog.
export const showExplanation = async (address) => {
  byId("why-title").textContent = "Reading the topics.";
  byId("why-steps").replaceChildren();
  byId("why").showModal();
  const answer = await fetch(address, { headers: { "Tickloop-Page": "1" } }).catch(() => null);
  const found = (await answer?.json().catch(() => null)) ?? { refused: "The dashboard does not answer." };
  byId("why-title").textContent = found.refused ?? found.title;
  byId("why-steps").replaceChildren(...(found.steps ?? []).flatMap(([name, value, note]) => [
    make("dt", {}, name), make("dd", {}, make("strong", {}, value), make("br"), make("span", { class: "lead" }, note))]));
};
