// Actions of a person: a dialog says what the action will do, asks for the token once, and shows the result.
import { byId, make } from "./elements.js";

const KEY = "tickloop-token";
const dialog = byId("ask");
let pending = null;

const token = () => sessionStorage.getItem(KEY) ?? "";

const storeToken = (value) => {
  if (value) sessionStorage.setItem(KEY, value);
  else sessionStorage.removeItem(KEY);
  byId("unlock").textContent = value ? "Actions unlocked" : "Actions locked";
  document.body.dataset.unlocked = Boolean(value);
};

const open = async (action) => {
  pending = action;
  byId("ask-title").textContent = [`${action.words}: ${action.symbol || "all symbols"}`, action.about ?? action.arm].filter(Boolean).join(", ");
  byId("ask-answer").textContent = "";
  byId("ask-cause").value = "";
  byId("ask-token").value = "";
  byId("ask-token-label").hidden = Boolean(token());
  byId("ask-yes").hidden = false;
  byId("ask-yes").disabled = true;
  byId("ask-effect").textContent = "Asking what it will do.";
  dialog.showModal();
  const query = new URLSearchParams({ action: action.action, symbol: action.symbol, ...(action.arm && { arm: action.arm }), ...(action.alert && { alert: action.alert }) });
  const answer = await fetch(`/effect?${query}`);
  const found = await answer.json();
  byId("ask-effect").textContent = found.effect ?? found.refused;
  byId("ask-yes").disabled = !answer.ok;
};

const send = async () => {
  const given = token() || byId("ask-token").value.trim();
  const answer = byId("ask-answer");
  if (!given) {
    answer.textContent = "Token missing: it was printed when the dashboard first started, and is kept in the file dashboard-token of its home folder.";
    byId("ask-token").focus();
    return;
  }
  byId("ask-yes").disabled = true;
  answer.textContent = "Written; waiting for what comes of it.";
  const { action, symbol, arm, alert } = pending;
  const reply = await fetch("/action", {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${given}` },
    body: JSON.stringify({ action, symbol, arm, alert, cause: byId("ask-cause").value }),
  });
  const found = await reply.json();
  if (reply.status === 401) {
    storeToken("");
    byId("ask-token-label").hidden = false;
  } else {
    storeToken(given);
  }
  answer.textContent = found.refused && typeof found.refused === "string" ? `Refused: ${found.refused}.` : found.sentence;
  answer.dataset.refused = Boolean(found.refused);
  byId("ask-yes").disabled = false;
  byId("ask-yes").hidden = reply.ok;
};

export const actionButton = (action, symbol, arm, words, more = {}) =>
  make("button", { type: "button", class: "plain act", "data-action": action, onclick: () => open({ action, symbol, arm, words, ...more }) }, words);

export const start = () => {
  // The printed address has the token after a #; browsers send that part of an address to no server.
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) history.replaceState(null, "", location.pathname + location.search);
  storeToken(given || token());
  byId("ask-yes").addEventListener("click", send);
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.tagName === "INPUT") {
      event.preventDefault();
      send();
    }
  });
  byId("unlock").addEventListener("click", () => {
    if (token()) storeToken("");
    else {
      const typed = prompt("Token of this dashboard");
      if (typed) storeToken(typed.trim());
    }
  });
};
