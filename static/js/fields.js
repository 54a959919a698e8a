/*
 * Small courtesies of form fields.
 *
 * <em data-count-for="field-id" data-max="10000">  "61 of 10,000": characters as a person counts
 *                                                  them (code points), over the limit in red.
 *     data-count-text="%1 of %2" gives the sentence.
 * <input type="checkbox" name="include/...">       in the same .f as a field: typing into the field
 *                                                  ticks it, unticking greys the field out.
 * <textarea data-json>                             Tab leaves it; brackets are yours to type.
 */
const numbers = new Intl.NumberFormat(document.documentElement.lang || "en");

/** @param {Element} counter */
function count(counter) {
  const field = document.getElementById(counter.getAttribute("data-count-for") ?? "");
  if (!(field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement)) return;
  const used = [...field.value].length;
  const most = Number(counter.getAttribute("data-max"));
  const text = counter.getAttribute("data-count-text") ?? "%1 of %2";
  counter.textContent = text.replace("%1", numbers.format(used)).replace("%2", numbers.format(most));
  counter.classList.toggle("over", used > most);
}

/** @param {HTMLInputElement} box */
function fade(box) {
  box.closest(".f, .field")?.classList.toggle("left-out", !box.checked);
}

document.addEventListener("input", (event) => {
  const field = event.target;
  if (!(field instanceof HTMLElement)) return;
  if (field.id) {
    for (const each of document.querySelectorAll(`[data-count-for="${CSS.escape(field.id)}"]`)) count(each);
  }
  const box = field.closest(".f, .field")?.querySelector(":scope > .row > .include input[type=checkbox]");
  if (!(box instanceof HTMLInputElement) || box === field || box.checked) return;
  box.checked = true;
  fade(box);
}, true);

document.addEventListener("change", (event) => {
  const box = event.target;
  if (box instanceof HTMLInputElement && box.closest(".include")) fade(box);
});

function countAll() {
  for (const each of document.querySelectorAll("[data-count-for]")) count(each);
}

document.addEventListener("htmx:afterSettle", countAll);
document.addEventListener("htmx:oobAfterSwap", countAll);
countAll();
