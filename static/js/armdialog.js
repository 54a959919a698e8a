/*
 * The dialog that arms live mode. Its body is the page behind the link, without what surrounds it;
 * where that cannot be had, the browser goes to the page itself.
 */

/** @returns {HTMLDialogElement} */
function dialog() {
  const found = document.getElementById("arm-dialog");
  if (found instanceof HTMLDialogElement) return found;
  const made = document.createElement("dialog");
  made.id = "arm-dialog";
  made.setAttribute("aria-labelledby", "arm-dialog-title");
  const head = document.createElement("header");
  const title = document.createElement("h2");
  title.id = "arm-dialog-title";
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn plain tiny";
  close.dataset.dialogClose = "";
  close.textContent = "✕";
  const body = document.createElement("div");
  body.className = "body";
  head.append(title, close);
  made.append(head, body);
  document.body.append(made);
  return made;
}

/** @param {HTMLElement} link */
export async function open(link) {
  const address = new URL(link.dataset.arm || link.getAttribute("href") || "", location.href);
  if (!address.searchParams.has("next")) address.searchParams.set("next", location.pathname);
  const box = dialog();
  const answer = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) {
    location.assign(address);
    return;
  }
  const body = /** @type {HTMLElement} */ (box.querySelector(".body"));
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  body.replaceChildren(...parsed.body.childNodes);
  const words = body.querySelector("#arm");
  /** @type {HTMLElement} */ (box.querySelector("h2")).textContent = words?.getAttribute("data-title") ?? "";
  box.querySelector("header button")?.setAttribute("aria-label", words?.getAttribute("data-close") ?? "Close");
  window.htmx?.process(body);
  if (!box.open) box.showModal();
  /** @type {HTMLElement | null} */ (body.querySelector(".arm-go"))?.focus();
}

/** What opened the dialog is gone once it has armed: the focus goes on near it, not to the top. */
export function refocus() {
  const at = document.activeElement;
  if (at && at !== document.body && at.getClientRects().length) return;
  for (const near of ["select[name=key_choice]", "[data-disarm]"]) {
    const found = document.querySelector(near);
    if (found instanceof HTMLElement && found.getClientRects().length) return found.focus();
  }
}
