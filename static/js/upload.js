/*
 * Uploads: a drop area, and how far it got.
 *
 * <label class="drop" data-drop> around <input type="file">: files may be dropped on it.
 * <progress data-upload-progress> and <span data-upload-text> follow what an element with
 * hx-encoding sends: shown while bytes go out ([hidden] is taken away) and hidden at the end.
 * <button data-upload-cancel> gives up.
 */

/** @type {Element | null} the element whose request is under way */
let sender = null;

/** @param {number} bytes */
function size(bytes) {
  return bytes < 1048576 ? `${(bytes / 1024).toFixed(0)} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
}

/** @param {number} loaded @param {number} total */
function progress(loaded, total) {
  for (const each of document.querySelectorAll("[data-upload-progress]")) {
    const bar = /** @type {HTMLProgressElement} */ (each);
    bar.hidden = false;
    bar.max = total || 1;
    bar.value = loaded;
  }
  const text = total ? `${size(loaded)} / ${size(total)} · ${Math.floor((loaded / total) * 100)} %` : size(loaded);
  for (const each of document.querySelectorAll("[data-upload-text]")) {
    each.removeAttribute("hidden");
    each.textContent = text;
  }
}

function end() {
  sender = null;
  for (const each of document.querySelectorAll("[data-upload-progress], [data-upload-text]")) {
    each.setAttribute("hidden", "");
  }
}

document.addEventListener("htmx:xhr:progress", (event) => {
  const { loaded, total, lengthComputable } = event.detail;
  const element = /** @type {Element} */ (event.target);
  // Every request reports progress, previews too; only what sends a file is an upload.
  if (!lengthComputable || !element.closest("[hx-encoding]")) return;
  sender = element;
  progress(loaded, total);
});
document.addEventListener("htmx:afterRequest", end);

document.addEventListener("click", (event) => {
  if (!(/** @type {Element} */ (event.target).closest("[data-upload-cancel]"))) return;
  sender?.dispatchEvent(new CustomEvent("htmx:abort"));
});

for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    const area = /** @type {Element} */ (event.target).closest?.("[data-drop]");
    if (!area) return;
    event.preventDefault();
    area.classList.add("over");
  });
}
for (const name of ["dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    const area = /** @type {Element} */ (event.target).closest?.("[data-drop]");
    if (!area) return;
    area.classList.remove("over");
    const input = area.querySelector("input[type=file]");
    const files = name === "drop" ? event.dataTransfer?.files : null;
    if (!files?.length || !(input instanceof HTMLInputElement)) return;
    event.preventDefault();
    input.files = files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}
