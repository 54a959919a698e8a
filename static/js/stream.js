/*
 * A reply that arrives while you look: our own server's text/event-stream, read with fetch.
 *
 * <button data-run data-stream="/address"> in or for (form="id") a form posts that form, the live
 * key included, and reads the answer. An answer of another type is HTML and goes into
 * data-stream-into (default #output). The nearest data-panel (or the form) gets .is-busy and
 * .streaming, and data-stream-state = waiting | streaming | complete | stopped | interrupted | failed.
 *
 * Events of the server, each with JSON as data:
 *   html   {target: "#id", html, swap?: "innerHTML"|"outerHTML"|"beforeend"}   swapped by htmx
 *   text   {text}                              appended as a text node to [data-stream-text]
 *   frame  {n, ms, name, size, text, short}      a row in <tbody data-stream-frames>
 *   raw    {text}                              appended as text to [data-stream-raw]
 *   done   {state, label?}                     the end; without it the reply is "interrupted"
 * [data-stream-elapsed] and [data-stream-first] show seconds; [data-stream-status] is the one polite
 * status node and says data-waiting, data-still, data-complete, data-stopped, data-interrupted,
 * data-failed (attributes of that node). [data-stream-stop], [data-run-stop] stop it.
 */
import { read } from "./events.js";

/** @type {{abort: AbortController, root: Element, stopped: boolean} | null} */
let running = null;

/** @param {Element} root @param {string} selector @returns {HTMLElement[]} */
const all = (root, selector) => /** @type {HTMLElement[]} */ ([...root.querySelectorAll(selector)]);

/** @param {Element} root @param {string} state @param {string} [label] */
function become(root, state, label) {
  root.setAttribute("data-stream-state", state);
  root.classList.toggle("streaming", state === "streaming");
  root.classList.toggle("is-busy", state === "waiting" || state === "streaming");
  for (const node of all(root, "[data-stream-status]")) {
    node.textContent = label ?? node.dataset[state] ?? node.textContent;
  }
}

/** @typedef {{n: number, ms: number, name: string, size: number, text: string, short: string}} Frame */

/** What a frame says in one line, and all of it when it is opened. @param {Frame} frame */
function opened(frame) {
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  const whole = document.createElement("pre");
  summary.textContent = frame.short || frame.text;
  summary.classList.toggle("said", Boolean(frame.short));
  whole.textContent = frame.text;
  details.append(summary, whole);
  return details;
}

/** @param {HTMLElement} body @param {Frame} frame */
function row(body, frame) {
  const tr = document.createElement("tr");
  for (const [piece, kind] of [[frame.n, "r"], [`+${Math.round(frame.ms)} ms`, "r"], [frame.name, "mono"], [frame.size, "r"], [opened(frame), "data"]]) {
    const td = document.createElement("td");
    td.append(piece instanceof Node ? piece : String(piece));
    td.className = String(kind);
    tr.append(td);
  }
  const box = body.closest(".frames-box");
  const atEnd = box ? box.scrollHeight - box.scrollTop - box.clientHeight < 40 : false;
  body.append(tr);
  if (box && atEnd) box.scrollTop = box.scrollHeight;
}

/** @param {Element} root @param {string} name @param {any} data @param {number} seconds */
function take(root, name, data, seconds) {
  if (name === "text") {
    if (root.getAttribute("data-stream-state") === "waiting") {
      become(root, "streaming");
      for (const each of all(root, "[data-stream-first]")) each.textContent = `${seconds.toFixed(2)} s`;
    }
    for (const each of all(root, "[data-stream-text]")) each.append(data.text);
  } else if (name === "frame") {
    for (const each of all(root, "[data-stream-frames]")) row(each, data);
    document.dispatchEvent(new CustomEvent("dash:filled"));
  } else if (name === "raw") {
    for (const each of all(root, "[data-stream-raw]")) each.append(data.text);
  } else if (name === "html") {
    window.htmx.swap(data.target, data.html, { swapStyle: data.swap ?? "innerHTML" });
    document.dispatchEvent(new CustomEvent("dash:filled"));
  } else if (name === "done") {
    become(root, data.state, data.label);
  }
}

/** @param {Element} root @param {number} began */
function tick(root, began) {
  let said = began;
  return setInterval(() => {
    const now = performance.now();
    for (const each of all(root, "[data-stream-elapsed]")) each.textContent = `${((now - began) / 1000).toFixed(1)} s`;
    // A word every seven seconds tells a listener that it goes on, without reading every piece.
    if (now - said < 7000) return;
    said = now;
    for (const each of all(root, "[data-stream-status]")) each.textContent = each.dataset.still ?? each.textContent;
  }, 100);
}

/** @param {HTMLFormElement} form @param {HTMLButtonElement} button */
function filled(form, button) {
  const data = new FormData(form);
  if (button.name) data.set(button.name, button.value);
  const more = button.dataset.include;
  for (const each of more ? document.querySelectorAll(more) : []) {
    if (each instanceof HTMLInputElement) data.set(each.name, each.value);
  }
  const key = document.getElementById("live-key");
  const choice = document.querySelector("select[name=key_choice]");
  const pasted = !(choice instanceof HTMLSelectElement) || choice.value === "paste";
  const live = document.body.classList.contains("live") && pasted;
  if (key instanceof HTMLInputElement && key.name) {
    data.delete(key.name);
    if (live) data.set(key.name, key.value);
  }
  return data;
}

/** @param {HTMLButtonElement} button @param {HTMLFormElement} form */
async function start(button, form) {
  const root = button.closest("[data-panel]") ?? form;
  const mine = { abort: new AbortController(), root, stopped: false };
  running = mine;
  become(root, "waiting");
  const began = performance.now();
  const clock = tick(root, began);
  try {
    const response = await fetch(button.dataset.stream ?? form.action, {
      method: "POST",
      body: filled(form, button),
      headers: {
        Accept: "text/event-stream",
        "X-CSRFToken": document.querySelector("meta[name=csrf-token]")?.getAttribute("content") ?? "",
      },
      signal: mine.abort.signal,
    });
    if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
      await whole(button, root, response);
    } else {
      for await (const event of read(response.body)) {
        take(root, event.name, JSON.parse(event.data), (performance.now() - began) / 1000);
      }
      if (root.classList.contains("is-busy")) become(root, "interrupted");
    }
  } catch (error) {
    become(root, mine.stopped ? "stopped" : "interrupted");
    if (!mine.stopped) {
      const text = document.getElementById("toasts")?.dataset.offline ?? String(error);
      document.dispatchEvent(new CustomEvent("dash:toast", { detail: { text } }));
    }
  } finally {
    clearInterval(clock);
    if (running === mine) running = null;
    root.dispatchEvent(new CustomEvent("dash:stream-end", { bubbles: true }));
  }
}

/** An answer that is no stream: a page fragment with what went wrong. */
async function whole(/** @type {HTMLElement} */ button, /** @type {Element} */ root, /** @type {Response} */ response) {
  const html = await response.text();
  const signIn = response.headers.get("HX-Redirect");
  if (response.status === 401 && signIn) {
    document.dispatchEvent(new CustomEvent("dash:signed-out", { detail: signIn }));
    return;
  }
  const usable = response.ok || response.status === 422 || response.status === 429;
  if (usable) window.htmx.swap(button.dataset.streamInto ?? "#output", html, { swapStyle: "innerHTML" });
  become(root, usable ? "complete" : "failed");
  if (usable) return;
  const sentences = document.getElementById("toasts")?.dataset;
  const words = response.status === 413 ? sentences?.tooLarge : sentences?.failed;
  const text = (words ?? "").replace("%status%", `HTTP ${response.status}`);
  const note = response.headers.get("X-Request-ID") ?? "";
  document.dispatchEvent(new CustomEvent("dash:toast", { detail: { text, note } }));
}

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const button = target.closest("[data-stream]");
  if (target.closest("[data-stream-stop], [data-run-stop]") && running) {
    running.stopped = true;
    running.abort.abort();
  } else if (button instanceof HTMLButtonElement) {
    event.preventDefault();
    if (button.form && !running) start(button, button.form);
  }
});
