/*
 * Colours: light, dark or as the system says. Loaded before the first paint, so nothing flashes.
 *
 * <button data-theme-choice="light|dark|system" aria-pressed>  chooses and marks itself.
 * Kept in localStorage under "dash-theme"; nothing else of a person is kept there.
 */
(() => {
  const root = document.documentElement;

  /** @returns {string} */
  function kept() {
    try {
      return localStorage.getItem("dash-theme") ?? "system";
    } catch {
      return "system";
    }
  }

  /** @param {string} choice */
  function apply(choice) {
    if (choice === "light" || choice === "dark") root.dataset.theme = choice;
    else delete root.dataset.theme;
  }

  function mark() {
    const choice = kept();
    for (const each of document.querySelectorAll("[data-theme-choice]")) {
      each.setAttribute("aria-pressed", String(each.getAttribute("data-theme-choice") === choice));
    }
  }

  apply(kept());
  document.addEventListener("DOMContentLoaded", mark);
  window.addEventListener("storage", (event) => {
    if (event.key !== "dash-theme") return;
    apply(kept());
    mark();
  });
  document.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest("[data-theme-choice]");
    if (!button) return;
    const choice = button.getAttribute("data-theme-choice") ?? "system";
    try {
      localStorage.setItem("dash-theme", choice);
    } catch {
      // A browser that keeps nothing still changes this page.
    }
    apply(choice);
    mark();
    for (const each of document.querySelectorAll("[data-theme-choice]")) {
      each.setAttribute("aria-pressed", String(each === button));
    }
  });
})();
