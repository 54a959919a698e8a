/*
 * Parts of a page that ask for news by themselves, calmly.
 *
 * <div data-beat="1500" hx-get="..." hx-trigger="dash:beat">   is sent dash:beat after so many
 * milliseconds, never while it waits for an answer and never while the page is hidden. The header
 * Dash-Beat of an answer sets another rhythm, 0 ends it. A server that does not answer is asked ever
 * less often, and [data-beat-trouble] is shown meanwhile, instead of one toast for each try.
 *
 * What is swapped in keeps open folds open, and does not take the place of what is being played or
 * looked at in full size: that part comes with the next beat after it.
 */
const LONGEST = 30_000;

/** @type {WeakMap<Element, {last: number, failures: number, busy: boolean}>} */
const states = new WeakMap();

/** @param {Element} element */
function state(element) {
  let found = states.get(element);
  if (!found) states.set(element, found = { last: performance.now(), failures: 0, busy: false });
  return found;
}

/** @param {HTMLElement} element @param {number} now */
function due(element, now) {
  const beat = Number(element.dataset.beat);
  const { last, failures, busy } = state(element);
  return beat > 0 && !busy && now - last >= Math.min(beat * 2 ** failures, Math.max(beat, LONGEST));
}

/** @param {boolean} [all] at once, whatever the rhythm */
function beat(all) {
  if (document.hidden) return;
  const now = performance.now();
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-beat]"))) {
    if (!due(element, all ? Infinity : now)) continue;
    Object.assign(state(element), { last: now, busy: true });
    element.dispatchEvent(new CustomEvent("dash:beat"));
  }
}

/** @param {boolean} on */
function trouble(on) {
  for (const each of document.querySelectorAll("[data-beat-trouble]")) each.toggleAttribute("hidden", !on);
}

/** @param {Event} event @returns {HTMLElement | null} */
function asker(event) {
  const element = /** @type {CustomEvent} */ (event).detail?.elt;
  return element instanceof HTMLElement && element.matches("[data-beat]") ? element : null;
}

document.addEventListener("htmx:afterRequest", (event) => {
  const element = asker(event);
  if (!element) return;
  const { xhr, successful } = event.detail;
  const own = state(element);
  own.busy = false;
  own.failures = successful ? 0 : own.failures + 1;
  // One that is missed is nothing to speak of.
  trouble(own.failures > 1);
  const rhythm = xhr?.getResponseHeader("Dash-Beat");
  if (rhythm) element.dataset.beat = rhythm;
  else if ([403, 404].includes(xhr?.status)) element.dataset.beat = "0";
});

// Capture phase: what is told to everybody as a toast is no news when it is asked every second.
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => { if (asker(event)) event.stopPropagation(); }, true);
}

/** @param {Element} target */
function inUse(target) {
  const playing = [...target.querySelectorAll("video, audio")].some((each) => !(/** @type {HTMLMediaElement} */ (each).paused));
  return playing || target.querySelector("dialog[open]") !== null || Boolean(document.fullscreenElement && target.contains(document.fullscreenElement));
}

/** @type {Map<string, boolean[]>} which folds were open in a part, by the part's id */
const folds = new Map();

/** @param {Element} target */
function remember(target) {
  if (target.id) folds.set(target.id, [...target.querySelectorAll("details")].map((each) => each.open));
}

function restore() {
  for (const [id, open] of folds) {
    const found = document.getElementById(id)?.querySelectorAll("details") ?? [];
    found.forEach((each, place) => { if (open[place]) each.open = true; });
  }
  folds.clear();
}

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target } = event.detail;
  if (inUse(target)) event.preventDefault();
  else remember(target);
});
document.addEventListener("htmx:oobAfterSwap", restore);
document.addEventListener("htmx:beforeSwap", (event) => {
  if (asker(event) && event.detail.target && inUse(event.detail.target)) event.detail.shouldSwap = false;
});

document.addEventListener("visibilitychange", () => beat(true));
setInterval(() => beat(), 250);
