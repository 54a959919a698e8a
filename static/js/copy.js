/*
 * Copying, said aloud.
 *
 * <button data-copy="#selector">      copies that element's value or text.
 * <button data-copy-text="...">       copies the text itself.
 * <button data-copied="Copied">       the word shown and announced for a moment; "Copied" otherwise.
 */

/** @param {HTMLElement} button */
function source(button) {
  if (button.dataset.copyText !== undefined) return button.dataset.copyText;
  const element = document.querySelector(button.dataset.copy ?? "");
  if (element instanceof HTMLTextAreaElement || element instanceof HTMLInputElement) return element.value;
  return element?.textContent ?? null;
}

/** @param {string} text */
async function put(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without a secure context there is no clipboard: the old way still works there.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "sr";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/** @param {HTMLElement} button */
function answer(button) {
  const word = button.dataset.copied ?? "Copied";
  document.dispatchEvent(new CustomEvent("dash:say", { detail: word }));
  if (button.dataset.was !== undefined) return;
  const label = button.querySelector("span") ?? button;
  button.dataset.was = label.textContent ?? "";
  label.textContent = word;
  setTimeout(() => {
    label.textContent = button.dataset.was ?? "";
    delete button.dataset.was;
  }, 1600);
}

document.addEventListener("click", async (event) => {
  const button = /** @type {Element} */ (event.target).closest("[data-copy], [data-copy-text]");
  if (!(button instanceof HTMLElement)) return;
  const active = document.activeElement;
  const text = source(button);
  if (text === null) return;
  await put(text);
  if (active instanceof HTMLElement) active.focus({ preventScroll: true });
  answer(button);
});
