/*
 * A long table is narrowed while you type, without asking the server.
 *
 * <input data-filter-rows="#table-id">  hides the rows that do not hold every word that was typed.
 * [data-filter-count data-text="%1 of %2"] beside it says how many are left.
 */
const rowsOf = (/** @type {HTMLElement} */ input) =>
  /** @type {HTMLTableRowElement[]} */ ([...document.querySelectorAll(`${input.dataset.filterRows} tbody tr`)]);

/** @param {HTMLInputElement} input */
function narrow(input) {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = rowsOf(input);
  let left = 0;
  for (const row of rows) {
    const text = [...row.cells].filter((cell) => !cell.matches(".steps-cell")).map((cell) => cell.textContent).join(" ").toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
    left += row.hidden ? 0 : 1;
  }
  const count = input.parentElement?.querySelector("[data-filter-count]");
  if (!(count instanceof HTMLElement)) return;
  const said = (count.dataset.text ?? "%1 / %2").replace("%1", String(left)).replace("%2", String(rows.length));
  count.textContent = words.length ? said : "";
}

document.addEventListener("input", (event) => {
  const input = event.target;
  if (input instanceof HTMLInputElement && input.dataset.filterRows) narrow(input);
});
