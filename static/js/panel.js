/*
 * The panel's own behaviour: which editor holds the truth, files, results.
 *
 * Everything is delegated from the document, so it goes on working after every swap.
 *   [data-show=#a][data-hide=#b]      shows one thing instead of another
 *   [data-download=#id][data-filename] saves an element's text as a file
 *   [data-run-stop]                   gives up waiting for the answer of a run
 *   [data-errors-for=id]              a list of errors; the input gets aria-invalid while it is filled
 *   [data-medium]                     a result, which is told its type, size and measures
 *   [data-editor-field]               hidden input: which editor holds the truth, form or json
 *   [data-check-field]                hidden input: 1 after a field was left, when problems are told
 * Mode, tabs, copying, clocks, dialogs and streams are in modules of their own.
 */

const $ = (selector, root = document) => root.querySelector(selector);
const RUNS = "#run, #send-anyway, #send-above, #retry-safely, #run-again, #run-anew, #use-new-key, #send-conflict";
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/* -- Which editor holds the truth, and when problems are told. -- */

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("#panel-form");
  if (!form) return;
  if (event.target.matches("[data-json]")) $("[data-editor-field]").value = "json";
  else if (event.target.closest("#fields")) $("[data-editor-field]").value = "form";
  $("[data-check-field]").value = "";
}, true);

document.addEventListener("change", (event) => {
  if (event.target.matches?.("#scenario")) noteScenario(event.target);
  if (event.target.matches?.("[data-file]")) describeFile(event.target);
  if (!event.target.closest?.("#panel-form")) return;
  $("[data-check-field]").value = "1";
}, true);

/** An answer that was asked for from one editor does not overwrite what is typed in the other. */
let askedBy = "";
document.addEventListener("htmx:beforeSwap", (event) => {
  askedBy = event.detail.requestConfig?.parameters?.editor ?? "";
});
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const loser = { form: "json-editor", json: "fields" }[askedBy];
  if (event.detail.target?.id !== loser || $("[data-editor-field]")?.value === askedBy) return;
  event.detail.shouldSwap = false;
});

function noteScenario(select) {
  const note = $("#scenario-note");
  if (note) note.textContent = select.selectedOptions[0]?.dataset.note ?? "";
}

/* -- Files: told before anything is uploaded. -- */

function describeFile(input) {
  const [file] = input.files;
  $("[data-file-name]").value = file ? file.name : "";
  $("[data-file-size]").value = file ? String(file.size) : "";
  $("[data-file-type]").value = file ? file.type : "";
  judgeFile(input);
}

function judgeFile(input) {
  const [file] = input.files;
  const rule = $("#file-rule");
  const trouble = $("[data-file-trouble]");
  if (!rule || !trouble) return;
  input.accept = rule.dataset.accept;
  const types = input.accept.split(",").filter(Boolean);
  const most = Number(rule.dataset.maxBytes || 0);
  if (file && most && file.size > most) trouble.textContent = trouble.dataset.tooLarge;
  else if (file && file.type && types.length && !types.includes(file.type)) trouble.textContent = trouble.dataset.wrongType;
  else trouble.textContent = "";
}

/* -- A double click is one run: the first answer may be here before the second click. -- */

document.addEventListener("click", (event) => {
  if (event.detail < 2 || !event.target.closest?.(RUNS)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

/* -- Small buttons. -- */

document.addEventListener("click", (event) => {
  const target = event.target.closest?.("[data-show],[data-download],[data-run-stop]");
  if (!target) return;
  if (target.dataset.show) {
    $(target.dataset.hide)?.setAttribute("hidden", "");
    $(target.dataset.show)?.removeAttribute("hidden");
    $$("[data-show]", target.parentElement).forEach((each) => {
      each.setAttribute("aria-pressed", String(each === target));
    });
  } else if (target.dataset.download) {
    download($(target.dataset.download)?.textContent ?? "", target.dataset.filename);
  } else if (target.hasAttribute("data-run-stop")) {
    for (const each of $$(RUNS)) window.htmx?.trigger(each, "htmx:abort");
  }
});

function noteStopped(replace) {
  const output = $("#output");
  const note = $("#stopped-note")?.content.cloneNode(true);
  if (!output || !note) return;
  if (replace) output.replaceChildren(note);
  else output.append(note);
}
document.addEventListener("htmx:sendAbort", (event) => {
  if (event.detail.elt?.matches?.(RUNS)) noteStopped(true);
});
document.addEventListener("dash:stream-end", (event) => {
  if (event.target.getAttribute("data-stream-state") === "stopped") noteStopped(!$("[data-stream-text]"));
});

function download(text, filename) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
  link.download = filename || "answer.txt";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/* -- An answer is said aloud in a few words; its text is not. -- */

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "output") return;
  const words = $$("#outcome .status-line:first-child > *").map((each) => each.textContent.trim());
  const said = words.length ? words.slice(0, 3) : [$("#outcome b")?.textContent ?? ""];
  document.dispatchEvent(new CustomEvent("dash:say", { detail: said.filter(Boolean).join(", ") }));
});

/* -- After a swap: errors reach their inputs, tabs appear, results say what they are. -- */

function settle() {
  $$("[data-errors-for]").forEach((list) => {
    const input = document.getElementById(list.dataset.errorsFor);
    if (!input) return;
    if (list.textContent.trim()) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  });
  $$("[data-file]").forEach(judgeFile);
  $$("[data-medium]").forEach(describeMedium);
  settleAgain();
}

/** Only what they say follows the form: a button that is replaced loses the answer it waits for. */
function settleAgain() {
  const state = $("#again-state");
  const retry = $("#retry-safely");
  // A preview that left before the last answer came speaks of the run before that one.
  if (!state || !retry || state.dataset.of !== $("#last")?.value) return;
  retry.disabled = state.dataset.changed === "1";
  $("#again-note").textContent = state.textContent;
}
document.addEventListener("htmx:afterSettle", settle);
document.addEventListener("dash:filled", settle);

/** A picture has its own size from here on; see .medium img. */
function there(image) {
  image.dataset.there = "";
}
for (const kind of ["load", "error"]) {
  document.addEventListener(kind, ({ target }) => target instanceof HTMLImageElement && there(target), true);
}

async function describeMedium(figure) {
  const facts = $("[data-medium-facts]", figure);
  const element = $("[data-medium-element]", figure);
  if (element instanceof HTMLImageElement && element.complete) there(element);
  if (!facts || facts.dataset.asked) return;
  facts.dataset.asked = "1";
  const words = [];
  try {
    const answer = await fetch(facts.dataset.head, { method: "HEAD" });
    if (!answer.ok) throw new Error(String(answer.status));
    words.push((answer.headers.get("content-type") ?? "").split(";")[0]);
    const size = Number(answer.headers.get("content-length"));
    if (size) words.push(size > 1e6 ? `${(size / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(size / 1e3))} kB`);
  } catch {
    words.push("?");
  }
  const add = () => {
    const measures = measure(element);
    facts.textContent = [...words, ...measures].filter(Boolean).join(" · ");
  };
  add();
  element?.addEventListener(element.tagName === "IMG" ? "load" : "loadedmetadata", add);
}

function measure(element) {
  if (!element) return [];
  if (element.tagName === "IMG") return element.naturalWidth ? [`${element.naturalWidth}×${element.naturalHeight}`] : [];
  const words = [];
  if (element.videoWidth) words.push(`${element.videoWidth}×${element.videoHeight}`);
  if (Number.isFinite(element.duration)) words.push(`${element.duration.toFixed(1)} s`);
  return words;
}

addEventListener("pageshow", () => {
  // A browser that restores a form restores what was typed, not what these two say about it.
  for (const name of ["[data-editor-field]", "[data-check-field]"]) {
    const field = $(name);
    if (field) field.value = field.defaultValue;
  }
});
document.body.addEventListener("dash:mode", (event) => {
  if (event.detail === "live") $("#live-key")?.focus();
});
settle();
