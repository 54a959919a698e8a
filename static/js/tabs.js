/*
 * Tabs by the book: arrows, Home and End move and select; one stop in the tab order.
 *
 * <div role="tablist" data-tabs> with <button role="tab" id aria-controls="pane-id" aria-selected>
 * and <div role="tabpanel" id="pane-id" aria-labelledby>. Panes that are not chosen are [hidden].
 * The chosen tab is remembered by its tablist's tabs while the page is open, so that it is chosen
 * again when htmx brings a new copy of the list.
 * <button role="tab" data-when-filled> is hidden while its pane is empty.
 * Fires  dash:tab  {detail: {tab, pane}} on the tab, before it changes; preventDefault() refuses.
 */

/** @type {Set<string>} ids of tabs that were chosen by hand */
const chosen = new Set();

/** @param {Element} tab */
const pane = (tab) => document.getElementById(tab.getAttribute("aria-controls") ?? "");

/** @param {Element} list @returns {HTMLElement[]} */
function tabs(list) {
  return /** @type {HTMLElement[]} */ ([...list.querySelectorAll(":scope > [role=tab]")]);
}

/** @param {HTMLElement} tab @param {boolean} byHand */
function select(tab, byHand) {
  const list = tab.closest("[data-tabs]");
  if (!list) return false;
  const detail = { tab, pane: pane(tab), byHand };
  const event = new CustomEvent("dash:tab", { bubbles: true, cancelable: true, detail });
  if (byHand && !tab.dispatchEvent(event)) return false;
  for (const each of tabs(list)) {
    const on = each === tab;
    each.setAttribute("aria-selected", String(on));
    each.tabIndex = on ? 0 : -1;
    pane(each)?.toggleAttribute("hidden", !on);
    if (byHand) chosen.delete(each.id);
  }
  if (byHand && tab.id) chosen.add(tab.id);
  return true;
}

/** @param {HTMLElement} tab */
function filled(tab) {
  const content = pane(tab);
  return Boolean(content && (content.textContent?.trim() || content.querySelector("img, video, audio, svg")));
}

/** @param {Element} list */
function settle(list) {
  for (const tab of list.querySelectorAll("[role=tab][data-when-filled]")) {
    tab.toggleAttribute("hidden", !filled(/** @type {HTMLElement} */ (tab)));
  }
  const all = tabs(list).filter((tab) => !tab.hidden);
  const tab = all.find((each) => chosen.has(each.id))
    ?? all.find((each) => each.getAttribute("aria-selected") === "true")
    ?? all[0];
  if (tab) select(tab, false);
}

function settleAll() {
  for (const list of document.querySelectorAll("[data-tabs]")) settle(list);
}

document.addEventListener("click", (event) => {
  const tab = /** @type {Element} */ (event.target).closest("[data-tabs] > [role=tab]");
  if (tab instanceof HTMLElement) select(tab, true);
});

document.addEventListener("keydown", (event) => {
  const tab = /** @type {Element} */ (event.target).closest?.("[data-tabs] > [role=tab]");
  if (!(tab instanceof HTMLElement) || event.altKey || event.ctrlKey || event.metaKey) return;
  const all = tabs(/** @type {Element} */ (tab.parentElement)).filter((each) => !each.hidden);
  const here = all.indexOf(tab);
  const there = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: all.length - 1 }[event.key];
  if (there === undefined) return;
  event.preventDefault();
  const next = all[(there + all.length) % all.length];
  if (select(next, true)) next.focus();
});

document.addEventListener("htmx:afterSettle", settleAll);
document.addEventListener("htmx:oobAfterSwap", settleAll);
document.addEventListener("dash:filled", settleAll);
settleAll();
