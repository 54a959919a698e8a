/*
 * Armed live mode: the token of this tab, and everything that says so.
 *
 * The server signs the token for one person, team, key and session. It is kept in sessionStorage,
 * which a tab loses when it closes, and it is put into <input type="hidden" name="armed" data-armed>
 * of the page's form. Which key counts: [name=key_choice] of the page, else the strip's.
 *
 *   <a data-arm href="/t/…/live/arm?key=…">      opens the page in a dialog; &next is added. So does
 *   <button data-arm="/t/…">                     whose form, without script, carries a draft there
 *   <… data-armed-token -team -key -until -say>  arrives in a swap, is kept and closes the dialog
 *   [data-armed-chip] with [data-armed-live]     "Live, %s min left", counted down; -mock, -last
 *   <button data-disarm data-disarm-url>         forgets, and tells the server to write it down
 *   body.is-armed, .when-armed, .when-unarmed    follow; fires  rivya:armed {detail: {armed, key}}
 *
 * The strip is fetched again for another key (change of key_choice), and remembers the last one.
 */
import { open, refocus } from "./armdialog.js";

const STORE = "rivya-dash-armed";
const TAB = "rivya-dash-tab";
const CHOSEN = "rivya-dash-key";
const SOON = 5 * 60;

/** @typedef {{token: string, until: number, told?: boolean}} Entry */

const strip = () => document.querySelector("[data-purse]");
const team = () => strip()?.getAttribute("data-team") ?? location.pathname.match(/^\/t\/([^/]+)\//)?.[1] ?? "";
/** @returns {HTMLInputElement | HTMLSelectElement | null} */
const chooser = () => document.querySelector("select[name=key_choice], input[name=key_choice]:checked, input[type=hidden][name=key_choice]");
const key = () => chooser()?.value ?? strip()?.getAttribute("data-key") ?? "";

/** @returns {Record<string, Entry>} */
function all() {
  try {
    return JSON.parse(sessionStorage.getItem(STORE) ?? "{}");
  } catch {
    return {};
  }
}

/** @param {Record<string, Entry>} entries */
function keep(entries) {
  if (Object.keys(entries).length) sessionStorage.setItem(STORE, JSON.stringify(entries));
  else sessionStorage.removeItem(STORE);
}

const name = () => `${team()}/${key()}`;
const seconds = (/** @type {Entry | undefined} */ entry) => (entry ? entry.until - Date.now() / 1000 : 0);

function forget(which = name()) {
  const entries = all();
  delete entries[which];
  keep(entries);
}

function say(/** @type {string} */ text) {
  document.dispatchEvent(new CustomEvent("dash:say", { detail: text }));
}

/** @returns {Entry | undefined} the armed key of this page, if its time is not over */
function current() {
  const entry = all()[name()];
  if (!entry) return undefined;
  if (seconds(entry) > 0) return entry;
  forget();
  const words = document.querySelector("[data-armed-chip]");
  say(words?.getAttribute("data-armed-over") ?? "");
  return undefined;
}

let last = "";

/** Make the page say what is so. */
function show() {
  const entry = current();
  const armed = Boolean(entry);
  for (const field of document.querySelectorAll("[data-armed]")) {
    /** @type {HTMLInputElement} */ (field).value = entry?.token ?? "";
  }
  document.body.classList.toggle("is-armed", armed);
  for (const link of document.querySelectorAll(".purse-arm")) link.toggleAttribute("hidden", armed || key() !== strip()?.getAttribute("data-key"));
  for (const chip of document.querySelectorAll("[data-armed-chip]")) {
    chip.toggleAttribute("hidden", !armed);
    if (entry) write(chip, entry);
  }
  const now = `${name()} ${armed}`;
  if (now === last) return;
  last = now;
  document.body.dispatchEvent(new CustomEvent("rivya:armed", { bubbles: true, detail: { armed, key: key() } }));
}

/** @param {Element} chip @param {Entry} entry */
function write(chip, entry) {
  const words = chip.querySelector("[data-armed-live]");
  if (!(words instanceof HTMLElement)) return;
  const left = seconds(entry);
  const minutes = Math.floor(left / 60);
  const { armedLive = "%s", armedMock = "%s", armedLast = "" } = words.dataset;
  const live = document.body.classList.contains("live");
  const text = minutes ? (live ? armedLive : armedMock).replace("%s", String(minutes)) : armedLast;
  if (words.textContent !== text) words.textContent = text;
  if (left > SOON || entry.told) return;
  const entries = all();
  entries[name()] = { ...entry, told: true };
  keep(entries);
  say(text);
}

/** Another key than the panel's may have been armed; that one is meant from now on. @param {string} id */
function choose(id) {
  const select = chooser();
  if (!(select instanceof HTMLSelectElement) || select.value === id) return;
  if (![...select.options].some((each) => each.value === id)) return;
  select.value = id;
  select.dispatchEvent(new Event("change", { bubbles: true }));
}

/** @param {HTMLElement} given */
function take(given) {
  const { armedToken: token = "", armedTeam = "", armedKey = "", armedUntil = "0" } = given.dataset;
  keep({ ...all(), [`${armedTeam}/${armedKey}`]: { token, until: Number(armedUntil) } });
  delete given.dataset.armedToken;
  sessionStorage.setItem(CHOSEN, `${armedTeam}/${armedKey}`);
  choose(armedKey);
  claim();
  const box = given.closest("dialog");
  if (box) {
    box.close();
    box.querySelector(".body")?.replaceChildren();
  }
  say(given.dataset.armedSay ?? "");
  return Boolean(box);
}

/* -- A tab that was duplicated has a copy of the storage; opening a page never arms. -- */

const channel = "BroadcastChannel" in window ? new BroadcastChannel("rivya-dash-tabs") : null;
const here = crypto.randomUUID?.() ?? String(Math.random());

function claim() {
  if (!sessionStorage.getItem(TAB)) sessionStorage.setItem(TAB, here);
}

channel?.addEventListener("message", ({ data }) => {
  const mine = sessionStorage.getItem(TAB);
  if (!mine || data.tab !== mine || data.page === here) return;
  if (data.asks) channel.postMessage({ tab: mine, page: here, to: data.page });
  else if (data.to === here) {
    sessionStorage.removeItem(TAB);
    keep({});
    show();
  }
});
if (sessionStorage.getItem(TAB)) channel?.postMessage({ tab: sessionStorage.getItem(TAB), page: here, asks: true });

/* -- What happens on the page. -- */

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const link = target.closest("[data-arm]");
  if (link instanceof HTMLElement && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
    event.preventDefault();
    open(link);
    return;
  }
  const closer = target.closest("#arm-dialog [data-dialog-close]");
  if (closer) event.preventDefault();
  const button = target.closest("[data-disarm]");
  if (button instanceof HTMLElement) disarm(button);
});

/** @param {HTMLElement} button */
function disarm(button) {
  const entry = all()[name()];
  const about = new URLSearchParams({ armed: entry?.token ?? "", key: key() });
  forget();
  show();
  say(button.closest("[data-armed-chip]")?.getAttribute("data-armed-off") ?? "");
  const token = document.querySelector("meta[name=csrf-token]")?.getAttribute("content") ?? "";
  if (entry && button.dataset.disarmUrl) {
    fetch(button.dataset.disarmUrl, { method: "POST", body: about, headers: { "X-CSRFToken": token }, keepalive: true }).catch(() => {});
  }
}

/** A run that was held as not armed: a token of a session that has ended is worth nothing. */
const heed = () => (document.querySelector("#arm-first:not([data-asked])") && forget(), show());

function settle() {
  const given = document.querySelector("[data-armed-token]");
  const closed = given instanceof HTMLElement && take(given);
  show();
  if (closed) refocus();
}

document.addEventListener("change", (event) => {
  const field = /** @type {HTMLInputElement} */ (event.target);
  if (field.name !== "key_choice") return;
  sessionStorage.setItem(CHOSEN, `${team()}/${field.value}`);
  show();
  const box = document.getElementById("strip");
  if (box) window.htmx?.trigger(box, "rivya:ran");
});

document.addEventListener("htmx:configRequest", (event) => {
  const { elt, parameters, verb } = event.detail;
  if (elt.id !== "strip" || verb !== "get") return;
  const [whose, remembered] = (sessionStorage.getItem(CHOSEN) ?? "/").split("/");
  const chosen = chooser()?.value ?? (location.pathname.startsWith(`/t/${whose}/`) ? remembered : "");
  if (chosen) parameters.key = chosen;
});
// What is armed is said before the strip is painted, not a moment later.
document.addEventListener("htmx:afterSwap", heed);
document.addEventListener("htmx:afterSettle", settle);
document.addEventListener("dash:filled", heed);
document.addEventListener("dash:mode", show);
window.addEventListener("pageshow", settle);
document.addEventListener("visibilitychange", () => { if (!document.hidden) show(); });
setInterval(show, 5000);
settle();
