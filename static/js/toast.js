/*
 * What htmx could not do, said in a sentence with the request's id; and the one polite voice.
 *
 * Listens to  dash:toast  {detail: {text, note?, tone?: "info"|"bad"}}   shows a toast.
 *             dash:say    {detail: string}                              is read out, not shown.
 * The sentences stand on #toasts as data-failed and data-too-large (with %status%), data-offline,
 * data-timeout.
 * Nothing on the page is touched when a request fails, so what was typed stays.
 * Also adds the CSRF token of <meta name="csrf-token"> to what htmx sends.
 */
const SECONDS = 12;

/** @param {string} text */
function say(text) {
  const voice = document.getElementById("say");
  if (!voice) return;
  voice.textContent = "";
  setTimeout(() => { voice.textContent = text; }, 60);
}

/** @param {{text: string, note?: string, tone?: string}} toast */
function show({ text, note = "", tone = "bad" }) {
  const region = document.getElementById("toasts");
  if (!region) return;
  const box = document.createElement("div");
  box.className = `toast ${tone}`;
  box.setAttribute("role", tone === "bad" ? "alert" : "status");
  const words = document.createElement("span");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "✕";
  close.setAttribute("aria-label", region.dataset.close ?? "Close");
  close.addEventListener("click", () => box.remove());
  box.append(words, close);
  if (note) {
    const small = document.createElement("small");
    small.textContent = note;
    box.append(small);
  }
  while (region.childElementCount > 3) region.firstElementChild?.remove();
  region.append(box);
  leave(box);
}

/** A toast goes by itself, but not while somebody reads or is about to close it. */
function leave(/** @type {HTMLElement} */ box) {
  setTimeout(() => {
    if (box.matches(":hover, :focus-within")) leave(box);
    else box.remove();
  }, SECONDS * 1000);
}

/** @param {XMLHttpRequest} xhr */
function failed(xhr) {
  const region = document.getElementById("toasts");
  const id = xhr.getResponseHeader("X-Request-ID");
  const words = xhr.status === 413 ? region?.dataset.tooLarge : region?.dataset.failed;
  const text = (words ?? "%status%").replace("%status%", `HTTP ${xhr.status}`);
  show({ text, note: id ? `${region?.dataset.request ?? "request"} ${id}` : "" });
}

/** @param {"offline" | "timeout"} name */
function lost(name) {
  const region = document.getElementById("toasts");
  show({ text: region?.dataset[name] ?? name });
}

document.addEventListener("htmx:responseError", (event) => failed(event.detail.xhr));
document.addEventListener("htmx:sendError", () => lost("offline"));
document.addEventListener("htmx:timeout", () => lost("timeout"));
document.addEventListener("dash:toast", (event) => show(event.detail));
document.addEventListener("dash:say", (event) => say(event.detail));

document.addEventListener("htmx:configRequest", (event) => {
  const meta = document.querySelector("meta[name=csrf-token]");
  if (meta && event.detail.verb !== "get") {
    event.detail.headers["X-CSRFToken"] = meta.getAttribute("content");
  }
});
