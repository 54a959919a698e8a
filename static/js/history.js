/*
 * The history: its filter answers when a choice is made, the browser's own time zone can be chosen,
 * and j and k move through the rows.
 *
 * <form data-filter>               is sent when a select or a check-box in it changes.
 * <option data-local-zone>         becomes the browser's zone; data-text="Local: %s" names it.
 * <a data-local-link>              leads to the page in the browser's zone.
 * <small data-local-time="ISO">    is filled with the moment in the browser's zone.
 * [data-rows] a[data-row]          are the rows; j is the next one, k the one before.
 */
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
const utc = /^(Etc\/)?(UTC|GMT|UCT|Universal|Zulu)$/i.test(zone);

function offerZone() {
  const option = document.querySelector("option[data-local-zone]");
  if (!(option instanceof HTMLOptionElement) || utc) return;
  const taken = [...(option.parentElement?.children ?? [])].some((each) => /** @type {HTMLOptionElement} */ (each).value === zone);
  if (taken) return;
  option.value = zone;
  option.textContent = (option.dataset.text ?? "%s").replace("%s", zone);
  option.hidden = option.disabled = false;
}

function leadToZone() {
  const link = document.querySelector("a[data-local-link][hidden]");
  if (!(link instanceof HTMLAnchorElement) || utc) return;
  const address = new URL(link.href);
  address.searchParams.set("tz", zone);
  link.href = address.href;
  link.title = zone;
  link.hidden = false;
}

function fillTimes() {
  if (utc) return;
  for (const each of document.querySelectorAll("[data-local-time]")) {
    const moment = new Date(/** @type {HTMLElement} */ (each).dataset.localTime ?? "");
    const language = document.documentElement.lang;
    each.textContent = moment.toLocaleString(language, { dateStyle: "medium", timeStyle: "medium" }) + ` ${zone}`;
  }
}

document.addEventListener("change", (event) => {
  const field = /** @type {Element} */ (event.target);
  const form = field.closest("form[data-filter]");
  if (form instanceof HTMLFormElement && field.matches("select, input[type=checkbox]")) form.requestSubmit();
});

// What is empty is no part of the address.
document.addEventListener("formdata", (event) => {
  if (!(/** @type {Element} */ (event.target).matches("[data-filter]"))) return;
  for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
});

/** @param {number} step */
function move(step) {
  const rows = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-rows] a[data-row]")]);
  const here = rows.indexOf(/** @type {HTMLElement} */ (document.activeElement?.closest(".run")?.querySelector("a[data-row]")));
  const next = rows[here < 0 ? 0 : here + step];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
  return Boolean(next);
}

document.addEventListener("dash:key", (event) => {
  const step = { j: 1, k: -1 }[event.detail];
  if (step && move(step)) event.preventDefault();
});

// A box under a button closes when something else is pressed, and with Escape.
document.addEventListener("click", (event) => {
  for (const box of document.querySelectorAll("details.pop[open]")) {
    if (!box.contains(/** @type {Node} */ (event.target))) box.removeAttribute("open");
  }
});
document.addEventListener("keydown", (event) => {
  const box = event.key === "Escape" ? /** @type {Element} */ (event.target).closest?.("details.pop[open]") : null;
  if (!box) return;
  box.removeAttribute("open");
  box.querySelector("summary")?.focus();
});

offerZone();
leadToZone();
fillTimes();
