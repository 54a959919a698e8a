/*
 * Mock or live. A page opens in mock mode; live is a choice that a person makes on it, or made when
 * they asked to run a live run again. Who comes back to a page, or loads it anew, is in mock mode.
 *
 * <button data-mode-choice="mock|live" aria-pressed data-say="...">  chooses.
 * <input type="hidden" data-mode-field>                              gets the word.
 * body.live, [data-panel][data-mode], .on-mock, .on-live             follow; see look.css.
 * The page title begins with "LIVE - ". Fires  dash:mode  {detail: "mock"|"live"} on <body>.
 *
 * The live key: <input type="password" id="live-key" autocomplete="off">. It stays in that field.
 * It is never put into storage or history, never sent with a GET (it would stand in the address),
 * never sent while the mode is mock, and emptied when the page is left.
 */
const TITLE = "LIVE - ";

/** @param {string} mode */
function choose(mode) {
  const live = mode === "live";
  document.body.classList.toggle("live", live);
  for (const each of document.querySelectorAll("[data-mode-choice]")) {
    each.setAttribute("aria-pressed", String(each.getAttribute("data-mode-choice") === mode));
  }
  for (const each of document.querySelectorAll("[data-mode-field]")) {
    /** @type {HTMLInputElement} */ (each).value = mode;
  }
  for (const each of document.querySelectorAll("[data-panel]")) {
    each.setAttribute("data-mode", mode);
  }
  const plain = document.title.startsWith(TITLE) ? document.title.slice(TITLE.length) : document.title;
  document.title = live ? TITLE + plain : plain;
}

function forget() {
  const key = document.getElementById("live-key");
  if (key instanceof HTMLInputElement) key.value = "";
}

document.addEventListener("click", (event) => {
  const button = /** @type {Element} */ (event.target).closest("[data-mode-choice]");
  if (!(button instanceof HTMLElement)) return;
  const mode = button.dataset.modeChoice ?? "mock";
  const changed = mode !== (document.body.classList.contains("live") ? "live" : "mock");
  choose(mode);
  if (!changed) return;
  if (button.dataset.say) {
    document.dispatchEvent(new CustomEvent("dash:say", { detail: button.dataset.say }));
  }
  document.body.dispatchEvent(new CustomEvent("dash:mode", { bubbles: true, detail: mode }));
});

document.addEventListener("htmx:configRequest", (event) => {
  const mock = !document.body.classList.contains("live");
  const key = document.getElementById("live-key");
  const name = key?.getAttribute("name");
  if (name && (mock || event.detail.verb === "get")) delete event.detail.parameters[name];
});

window.addEventListener("pagehide", forget);
/** @param {PageTransitionEvent} event */
function opened(event) {
  const [way] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
  const given = document.querySelector("[data-panel]")?.getAttribute("data-mode");
  return given === "live" && !event.persisted && way?.type === "navigate" ? "live" : "mock";
}

window.addEventListener("pageshow", (event) => {
  forget();
  choose(opened(event));
});
