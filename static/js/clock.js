/*
 * Clocks that tick between two answers of the server.
 *
 * <span data-elapsed="3.2">   seconds at the time of writing; counts up from there. Empty or absent
 *                             means: counts from when the nearest .htmx-request or .is-busy began.
 *                             With [data-coarse] in whole seconds; data-text="%s ago" stands around.
 * <span data-ago="4">         "4 s ago", counting up. data-ago-text="%s s ago" gives the sentence.
 * <span data-countdown="30">  counts down to 0; a button named by data-enables="#id" waits for it.
 * An element with [data-still] no longer ticks.
 */

/** @type {WeakMap<Element, number>} when each element was first seen, in ms */
const seen = new WeakMap();

/** @param {number} seconds @param {boolean} [coarse] */
function words(seconds, coarse) {
  if (seconds < 100) return `${coarse ? Math.floor(seconds) : seconds.toFixed(1)} s`;
  if (coarse && seconds > 6000) return `${Math.floor(seconds / 3600)} h ${String(Math.floor(seconds / 60) % 60).padStart(2, "0")} min`;
  return `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, "0")} s`;
}

/** @param {Element} element @param {string} text */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {HTMLElement} element @param {number} now */
function since(element, now) {
  const first = seen.get(element) ?? now;
  seen.set(element, first);
  return (now - first) / 1000;
}

/** @param {HTMLElement} element @param {number} now */
function elapsed(element, now) {
  if (element.dataset.elapsed) {
    const text = words(Number(element.dataset.elapsed) + since(element, now), "coarse" in element.dataset);
    write(element, (element.dataset.text ?? "%s").replace("%s", text));
  } else if (element.closest(".htmx-request, .is-busy")) {
    element.textContent = words(since(element, now));
  } else {
    seen.delete(element);
  }
}

/** @param {HTMLElement} element @param {number} now */
function ago(element, now) {
  const seconds = Math.floor(Number(element.dataset.ago) + since(element, now));
  write(element, (element.dataset.agoText ?? "%s s ago").replace("%s", String(seconds)));
}

/** @param {HTMLElement} element @param {number} now */
function countdown(element, now) {
  const left = Math.max(0, Math.ceil(Number(element.dataset.countdown) - since(element, now)));
  write(element, String(left));
  const button = element.dataset.enables ? document.querySelector(element.dataset.enables) : null;
  button?.toggleAttribute("disabled", left > 0);
}

setInterval(() => {
  if (document.hidden) return;
  const now = performance.now();
  for (const each of document.querySelectorAll("[data-elapsed]:not([data-still])")) elapsed(each, now);
  for (const each of document.querySelectorAll("[data-ago]:not([data-still])")) ago(each, now);
  for (const each of document.querySelectorAll("[data-countdown]:not([data-still])")) countdown(each, now);
}, 100);
