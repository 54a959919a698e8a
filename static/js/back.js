/*
 * A run that was made stays one run, however the page is come back to.
 *
 * What the last run was stands in the state of this entry of the browser's history: the panel's
 * hidden "last" and "nonce". Going back brings the page without it, or with the next run's key, so
 * both are put back, and [data-came-back] tells the server, which then says what Run will do.
 *   #run and the other buttons that send    note the nonce before anything leaves
 *   #last, #nonce                           are noted when an answer has filled them anew
 */
const SENDS = "#run, #send-anyway, #send-above, #retry-safely, #run-again, #run-anew, #use-new-key, #send-conflict";

/** @param {string} id @returns {HTMLInputElement | null} */
const input = (id) => /** @type {HTMLInputElement | null} */ (document.getElementById(id));

/** @param {Record<string, string>} facts */
function note(facts) {
  history.replaceState({ ...history.state, dashRun: { ...history.state?.dashRun, ...facts } }, "");
}

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const nonce = input("nonce");
  if (nonce && target.closest?.(SENDS)) note({ nonce: nonce.value });
}, true);

function answered() {
  const last = input("last");
  if (last?.value && last.value !== history.state?.dashRun?.last) note({ last: last.value });
}
document.addEventListener("htmx:afterSettle", answered);
document.addEventListener("dash:filled", answered);

function cameBack() {
  const run = history.state?.dashRun;
  const [nonce, last] = [input("nonce"), input("last")];
  const mark = /** @type {HTMLInputElement | null} */ (document.querySelector("[data-came-back]"));
  if (!run || !nonce || !last || !mark) return;
  // Whether or not its answer came: the same body gets the same key, another one a key of its own.
  if (run.nonce) nonce.value = run.nonce;
  if (run.last) last.value = run.last;
  mark.value = "1";
  window.htmx?.trigger("#panel-form", "refresh");
}

addEventListener("pageshow", (event) => {
  const [visit] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
  if (event.persisted || visit?.type === "back_forward") cameBack();
});
