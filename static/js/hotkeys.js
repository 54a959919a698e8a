/*
 * Shortcuts, and dialogs that open from a button.
 *
 * Ctrl/Cmd+Enter clicks the visible [data-run] button from anywhere, text fields included.
 * ?  opens the dialog #shortcuts, unless somebody is typing.
 * Fires  dash:key  {detail: "j"} for a letter that is pressed alone, which a page may use:
 * preventDefault() says that it did.
 * <input type="checkbox" data-hotkeys-switch> turns all of them off (WCAG 2.1.4); kept in
 * localStorage under "dash-hotkeys".
 * <button data-dialog-open="dialog-id">, <button data-dialog-close>; Escape and a click beside
 * the dialog close it too.
 */

function on() {
  try {
    return localStorage.getItem("dash-hotkeys") !== "off";
  } catch {
    return true;
  }
}

/** @param {Element | null} element */
function typing(element) {
  return Boolean(element?.closest("input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]"));
}

/** @param {KeyboardEvent} event whether a letter means itself and no text is typed */
function alone(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  return !typing(document.activeElement) && !document.querySelector("dialog[open]");
}

function run() {
  const here = document.activeElement?.closest("[data-panel]");
  const buttons = [...(here ?? document).querySelectorAll("[data-run]")];
  const button = buttons.find((each) => each.checkVisibility?.() ?? true);
  if (!(button instanceof HTMLButtonElement) || button.disabled) return false;
  button.click();
  return true;
}

/** @param {string | undefined} id */
function open(id) {
  const dialog = id ? document.getElementById(id) : null;
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
}

// Capture phase: an editor that swallows the key must not swallow this.
document.addEventListener("keydown", (event) => {
  if (!on() || event.isComposing) return;
  if (event.repeat && !/^[jk]$/.test(event.key)) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.altKey) {
    if (document.querySelector("dialog[open]")) return;
    if (run()) {
      event.preventDefault();
      event.stopPropagation();
    }
  } else if (event.key === "?" && !event.ctrlKey && !event.metaKey && !typing(document.activeElement)) {
    event.preventDefault();
    open("shortcuts");
  } else if (/^[a-z]$/.test(event.key) && alone(event)) {
    const pressed = new CustomEvent("dash:key", { detail: event.key, cancelable: true });
    if (!document.dispatchEvent(pressed)) event.preventDefault();
  }
}, true);

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const opener = target.closest("[data-dialog-open]");
  if (opener instanceof HTMLElement) open(opener.dataset.dialogOpen);
  if (target.closest("[data-dialog-close]") || target instanceof HTMLDialogElement) {
    target.closest("dialog")?.close();
  }
});

document.addEventListener("change", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || !box.matches("[data-hotkeys-switch]")) return;
  try {
    localStorage.setItem("dash-hotkeys", box.checked ? "on" : "off");
  } catch {
    // A browser that keeps nothing has the shortcuts on again at the next page.
  }
});

for (const box of document.querySelectorAll("[data-hotkeys-switch]")) {
  /** @type {HTMLInputElement} */ (box).checked = on();
}
for (const each of document.querySelectorAll("[data-run] kbd")) {
  if (!/Mac|iP(hone|ad)/.test(navigator.platform)) each.textContent = "Ctrl ↵";
}
