/*
 * Which of a team's keys a panel uses in live mode. Only its id is ever known here.
 *
 * <select name="key_choice" data-key-choice="team">  the choice; "paste" is a key for one request
 * [data-key-note=id][data-words][data-goes]          what is known of a key; the chosen one is shown
 * #paste[data-goes]                                  the field for a pasted key, shown for "paste"
 * #live-goes                                         the sentence that says where live goes
 *
 * The last choice of this tab is kept by arming.js and taken up again here. An answer with the
 * header Dash-Fragment is shown whatever its status is: it says why following a job has ended.
 * After a live run <body> gets  rivya:ran , and the account strip looks anew.
 */
const CHOSEN = "rivya-dash-key";

/** @returns {HTMLSelectElement | null} */
const chooser = () => document.querySelector("select[name=key_choice]");
const live = () => document.body.classList.contains("live");

/** Show what belongs to the chosen key, and what an answer has taught about all of them. */
function sync() {
  const select = chooser();
  if (!select) return;
  const notes = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-key-note]")]);
  for (const note of notes) {
    const mine = note.dataset.keyNote === select.value;
    note.hidden = !mine;
    const option = [...select.options].find((each) => each.value === note.dataset.keyNote);
    if (option && note.dataset.words && option.textContent !== note.dataset.words) option.textContent = note.dataset.words;
  }
  const paste = document.getElementById("paste");
  if (paste) paste.hidden = select.value !== "paste";
  const shown = notes.find((note) => !note.hidden) ?? paste;
  const goes = document.getElementById("live-goes");
  if (goes && shown?.dataset.goes) goes.textContent = shown.dataset.goes;
}

/** What was chosen in this tab before is chosen again, where this team still has it. */
function recall() {
  const select = chooser();
  // A page that opens live was asked to with a certain key.
  if (!select || live()) return;
  const [team, id] = (sessionStorage.getItem(CHOSEN) ?? "/").split("/");
  const there = team === select.dataset.keyChoice && [...select.options].some((each) => each.value === id);
  if (!there || select.value === id) return;
  select.value = id;
  select.dispatchEvent(new Event("change", { bubbles: true }));
}

function ran() {
  if (live() && chooser()) document.body.dispatchEvent(new CustomEvent("rivya:ran", { bubbles: true }));
}

document.addEventListener("change", (event) => {
  if (event.target !== chooser()) return;
  sync();
  window.htmx?.trigger("#panel-form", "refresh");
});

document.addEventListener("htmx:configRequest", (event) => {
  const select = chooser();
  if (select && select.value !== "paste") delete event.detail.parameters.live_key;
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (!(xhr?.status >= 400) || !xhr.getResponseHeader("Dash-Fragment")) return;
  event.detail.shouldSwap = true;
  event.detail.isError = false;
});

document.addEventListener("htmx:afterSwap", (event) => {
  const { id } = event.detail.target ?? {};
  // A job that is still watched is not asked about by the strip at every look.
  if (event.detail.xhr?.status >= 400) return;
  const ended = id?.startsWith("generation-") && !document.getElementById(id)?.matches("[data-beat]");
  if (id === "output" || ended || (id === "job" && !document.getElementById("stop-watching"))) ran();
});

// A job's card that is not there for this person any more says so in its own place.
document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, xhr } = event.detail;
  const note = /** @type {HTMLTemplateElement | null} */ (document.getElementById("card-gone"));
  if (!note || !elt?.matches?.(".job-card") || ![403, 404].includes(xhr?.status)) return;
  elt.replaceChildren(note.content.cloneNode(true));
});
/** A run that was held because live is not armed asks for that at once. */
function ask() {
  const link = document.getElementById("arm-first");
  if (link && !link.dataset.asked) {
    link.dataset.asked = "1";
    link.click();
  }
}

document.addEventListener("dash:stream-end", () => {
  ran();
  ask();
});
document.addEventListener("htmx:afterSettle", () => {
  sync();
  ask();
});
document.addEventListener("dash:filled", sync);

document.body.addEventListener("rivya:armed", (event) => {
  // Armed because a run was held: the next thing to press is Run, where the focus goes.
  if (event.detail.armed && document.getElementById("arm-first")) document.getElementById("run")?.focus();
});

window.addEventListener("pageshow", () => {
  recall();
  sync();
});
