/*
 * <form data-once> is sent once, however often its button is pressed. It can be sent again after a
 * while, for who stopped the loading, and when the page comes back from the browser's memory.
 */
const SECONDS = 8;

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.matches("[data-once]")) return;
  if (form.getAttribute("aria-busy") === "true") event.preventDefault();
  else {
    form.setAttribute("aria-busy", "true");
    setTimeout(() => form.removeAttribute("aria-busy"), SECONDS * 1000);
  }
});

window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-once]")) form.removeAttribute("aria-busy");
});
