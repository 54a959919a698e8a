/*
 * After a swap the focus stands where it stood: on the element with the same id, without a jump.
 * Text fields keep their caret. An element that is new and has [data-focus] takes the focus.
 * A run whose answer stands out of sight, as on a narrow screen, brings #answer into view.
 * A link to a field (<a href="#field-id">) moves the focus into that field, opening its tab.
 */

/** @type {{id: string, start: number | null, end: number | null} | null} */
let before = null;

document.addEventListener("htmx:beforeSwap", () => {
  const active = document.activeElement;
  if (!active?.id) return;
  const field = /** @type {HTMLInputElement} */ (active);
  const text = "selectionStart" in field && field.type !== "email" && field.type !== "number";
  before = { id: active.id, start: text ? field.selectionStart : null, end: text ? field.selectionEnd : null };
});

document.addEventListener("htmx:afterSettle", (event) => {
  const wanted = /** @type {Element} */ (event.target).querySelector?.("[data-focus]");
  if (wanted instanceof HTMLElement) {
    wanted.focus({ preventScroll: true });
  } else if (before && (document.activeElement === document.body || document.activeElement === null)) {
    restore(before);
  }
  before = null;
});

/** @param {{id: string, start: number | null, end: number | null}} place */
function restore(place) {
  const element = document.getElementById(place.id);
  if (!element) return;
  element.focus({ preventScroll: true });
  if (place.start !== null && element instanceof HTMLTextAreaElement) {
    element.setSelectionRange(place.start, place.end);
  } else if (place.start !== null && element instanceof HTMLInputElement && element.type !== "checkbox") {
    element.setSelectionRange(place.start, place.end);
  }
}

document.addEventListener("click", (event) => {
  const link = /** @type {Element} */ (event.target).closest("a[href^='#']");
  const id = link?.getAttribute("href")?.slice(1);
  const field = id ? document.getElementById(id) : null;
  if (!field?.matches("input, select, textarea, [tabindex='-1']")) return;
  event.preventDefault();
  const pane = field.closest("[role=tabpanel]");
  if (pane?.hidden) document.getElementById(pane.getAttribute("aria-labelledby") ?? "")?.click();
  field.scrollIntoView({ block: "center" });
  field.focus({ preventScroll: true });
});

document.addEventListener("click", (event) => {
  if (!(/** @type {Element} */ (event.target).closest("[data-run]"))) return;
  const answer = document.getElementById("answer");
  if (!answer || answer.getBoundingClientRect().top < window.innerHeight * 0.75) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  answer.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
});
