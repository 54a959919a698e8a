/*
 * Jobs whose end somebody waits for: told once, on whatever page of the team they are.
 *
 * <meta name="dash-ended" content="/t/acme/generations/ended">   where to ask. A GET says how many
 * jobs the person waits for; while there are any, a POST takes those that ended.
 * <button data-notify>   asks the browser whether it may show notifications, then sends its form.
 * Without that permission a toast says it, and the title of a page that is not looked at.
 */
const VISIBLE_MS = 5_000;
const HIDDEN_MS = 15_000;

const address = document.querySelector("meta[name=dash-ended]")?.getAttribute("content");
const title = document.title;
let unseen = 0;
let watching = false;

/** @typedef {{name: string, title: string, word: string, good: boolean, url: string}} Ended */

/** @param {"GET" | "POST"} method @returns {Promise<{ended: Ended[], left: number} | null>} */
async function ask(method) {
  const token = document.querySelector("meta[name=csrf-token]")?.getAttribute("content") ?? "";
  try {
    const headers = { "X-CSRFToken": token, "HX-Request": "true" };
    const answer = await fetch(address ?? "", { method, headers, credentials: "same-origin" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return { ended: [], left: 1 };  // Nothing answered: it is asked again.
  }
}

/** @param {Ended} job */
function tell(job) {
  const text = `${job.word}: ${job.title}`;
  if (window.Notification?.permission === "granted") {
    try {
      const note = new Notification(text, { tag: job.name });
      note.addEventListener("click", () => { window.focus(); location.assign(job.url); });
      return;
    } catch {
      // Some browsers show them from a service worker only: then the page says it.
    }
  }
  document.dispatchEvent(new CustomEvent("dash:toast", { detail: { text, tone: job.good ? "info" : "bad" } }));
  if (document.hidden) document.title = `(${++unseen}) ${title}`;
}

async function watch() {
  const found = await ask("POST");
  found?.ended.forEach(tell);
  watching = Boolean(found?.left);
  if (watching) setTimeout(watch, document.hidden ? HIDDEN_MS : VISIBLE_MS);
}

async function begin() {
  if (!address || watching) return;
  watching = true;
  if ((await ask("GET"))?.left) watch();
  else watching = false;
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden || !unseen) return;
  unseen = 0;
  document.title = title;
});

document.addEventListener("click", async (event) => {
  const button = /** @type {Element} */ (event.target).closest("[data-notify]");
  if (!(button instanceof HTMLButtonElement) || button.dataset.asked || window.Notification?.permission !== "default") return;
  event.preventDefault();
  button.dataset.asked = "1";
  try {
    await Notification.requestPermission();
  } catch {
    // A toast tells it then.
  }
  button.click();
});

// What was done with a job stands in its place; why it could not be done, beside it.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, xhr } = event.detail;
  if (!requestConfig?.elt.matches(".job-steer") || xhr.status < 400) return;
  const said = document.getElementById("steer-said");
  if (said) Object.assign(event.detail, { shouldSwap: true, isError: false, target: said, swapOverride: "innerHTML", selectOverride: "#main h1 + p" });
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.requestConfig?.elt.matches(".job-steer") && event.detail.successful) begin();
});

begin();
