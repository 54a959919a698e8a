/*
 * The pages of an account: secrets that a person types or keeps, and the list of pages, which on a
 * narrow screen is scrolled until the open one is in sight.
 *
 * <button data-show="field-id" hidden>          shows what was typed into a password field, or hides
 *                                               it again. Hidden when its form is sent: browsers do
 *                                               not offer to keep what was sent as plain text.
 * <button data-save="#selector" data-save-name="file.txt" hidden>  saves an element's text as a file
 *                                               without asking the server for it once more.
 */

// Live mode was armed for the session that has ended; see arming.js.
if (!document.getElementById("account-button")) sessionStorage.removeItem("rivya-dash-armed");

for (const button of document.querySelectorAll("[data-show], [data-save]")) {
  /** @type {HTMLElement} */ (button).hidden = false;
}

/** @param {HTMLElement} button @param {boolean} shown */
function show(button, shown) {
  const field = document.getElementById(button.dataset.show ?? "");
  if (!(field instanceof HTMLInputElement)) return;
  const caret = field.selectionStart;
  field.type = shown ? "text" : "password";
  button.setAttribute("aria-pressed", String(shown));
  field.setSelectionRange(caret, caret);
}

document.addEventListener("click", (event) => {
  const button = /** @type {Element} */ (event.target).closest("[data-show]");
  if (button instanceof HTMLElement) show(button, button.getAttribute("aria-pressed") !== "true");
});

document.addEventListener("submit", (event) => {
  const form = /** @type {Element} */ (event.target);
  for (const button of form.querySelectorAll("[data-show][aria-pressed=true]")) {
    show(/** @type {HTMLElement} */ (button), false);
  }
});

document.addEventListener("click", (event) => {
  const button = /** @type {Element} */ (event.target).closest("[data-save]");
  if (!(button instanceof HTMLElement)) return;
  const text = document.querySelector(button.dataset.save ?? "")?.textContent ?? "";
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = button.dataset.saveName ?? "secret.txt";
  link.click();
  URL.revokeObjectURL(address);
});

document.querySelector(".account-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
