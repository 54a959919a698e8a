/*
 * What was typed survives a session that ended meanwhile.
 *
 * A form that is sent leaves what it holds in this tab's sessionStorage, and so does every form when
 * a script is told 401. Only a sign-in keeps it: any other page that follows forgets it. Back on the
 * page where it was typed it is filled in again, or, for a panel, handed to the server, which draws
 * the fields for it. Passwords, keys, files and one-time codes are never kept.
 *
 * Listens to  dash:signed-out  {detail: address}   keeps everything and goes there.
 */
const NAME = "dash-draft";
const SECRET = /rvya_sk_|whsec_|bearer\s/i;
const SECRET_NAME = /key|secret|token|password|code/i;
// Live is armed anew, and a run that begins again has a number of its own.
const NEVER = new Set(["csrfmiddlewaretoken", "live_key", "armed", "mode", "nonce"]);
const KEPT_MS = 60 * 60 * 1000;

/** @typedef {{path: string, at: number, signedOut?: boolean, forms: {id: string, action: string, values: [string, string][]}[]}} Draft */

/** @param {HTMLFormElement} form */
function isPanel(form) {
  return form.id === "panel-form";
}

/** @param {HTMLFormElement} form @returns {[string, string][]} */
function values(form) {
  const found = [];
  for (const [name, value] of new FormData(form)) {
    const control = form.elements.namedItem(name);
    const field = control instanceof RadioNodeList ? control[0] : control;
    if (typeof value !== "string" || SECRET.test(value)) continue;
    if (field instanceof HTMLInputElement) {
      if (field.type === "password" || field.type === "file") continue;
      if (field.type === "hidden" && !isPanel(form)) continue;
    }
    if (NEVER.has(name) || (!isPanel(form) && SECRET_NAME.test(name))) continue;
    found.push([name, value]);
  }
  return found;
}

/** @param {HTMLFormElement[]} forms */
function keep(forms) {
  const kept = forms.map((form) => ({ id: form.id, action: form.getAttribute("action") ?? "", values: values(form) }));
  /** @type {Draft} */
  const draft = { path: location.pathname, at: Date.now(), forms: kept.filter((each) => each.values.length) };
  try {
    if (draft.forms.length) sessionStorage.setItem(NAME, JSON.stringify(draft));
  } catch {
    // A full or forbidden storage keeps nothing; the form itself is still there.
  }
}

function forget() {
  try {
    sessionStorage.removeItem(NAME);
  } catch {
    // There is nothing to forget then.
  }
}

/** @returns {Draft | null} */
function kept() {
  try {
    const draft = JSON.parse(sessionStorage.getItem(NAME) ?? "null");
    return draft && Date.now() - draft.at < KEPT_MS ? draft : null;
  } catch {
    return null;
  }
}

/** @returns {HTMLFormElement[]} */
function posted() {
  return /** @type {HTMLFormElement[]} */ ([...document.querySelectorAll("form[method=post]")]);
}

/** @param {HTMLFormElement} form @param {[string, string][]} given */
function fill(form, given) {
  for (const name of new Set(given.map(([name]) => name))) {
    const wanted = given.filter(([each]) => each === name).map(([, value]) => value);
    for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll(`[name="${CSS.escape(name)}"]`))) {
      if (field.type === "checkbox" || field.type === "radio") field.checked = wanted.includes(field.value);
      else if (field.type !== "hidden" && wanted.length) field.value = wanted.shift() ?? "";
    }
  }
}

/** @param {[string, string][]} given */
function redraw(given) {
  /** @type {Record<string, string[]>} */
  const values = {};
  for (const [name, value] of given) (values[name] ??= []).push(value);
  window.htmx?.ajax("POST", location.pathname, { target: "#main", select: "#main", swap: "outerHTML", values });
}

function restore() {
  const draft = kept();
  const asked = location.pathname.startsWith("/accounts/");
  if (!draft || asked) return;
  forget();
  if (draft.path !== location.pathname || !draft.signedOut) return;
  for (const each of draft.forms) {
    const form = posted().find((one) => (each.id ? one.id === each.id : one.getAttribute("action") === each.action));
    if (!form) continue;
    if (isPanel(form)) redraw(each.values);
    else fill(form, each.values);
  }
}

/** The sign-in page was reached from a form: what it held waits for the way back. */
function mark() {
  const draft = kept();
  if (!draft || !new URLSearchParams(location.search).has("next")) return;
  try {
    sessionStorage.setItem(NAME, JSON.stringify({ ...draft, signedOut: true }));
  } catch {
    // Then it is not restored.
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form instanceof HTMLFormElement && form.method === "post" && !location.pathname.startsWith("/accounts/")) keep([form]);
});
// Before htmx follows the address of the answer.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.status === 401) keep(posted());
});
document.addEventListener("dash:signed-out", (event) => {
  keep(posted());
  location.assign(event.detail);
});

if (location.pathname.startsWith("/accounts/")) mark();
else restore();
