/*
 * What the menus of the header and the side navigation need beyond the browser's own popovers:
 * arrow keys move through an open menu, and the page one is on stands in sight in a long list.
 */
document.addEventListener("keydown", (event) => {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const active = /** @type {HTMLElement} */ (document.activeElement);
  const id = active?.getAttribute?.("popovertarget");
  const menu = id ? document.getElementById(id) : active?.closest?.(".menu");
  if (!(menu instanceof HTMLElement) || !menu.matches(".menu:popover-open")) return;
  const stops = /** @type {HTMLElement[]} */ ([...menu.querySelectorAll("a, button")]);
  const step = event.key === "ArrowDown" ? 1 : -1;
  const next = stops[(stops.indexOf(active) + step + stops.length) % stops.length];
  if (!next) return;
  event.preventDefault();
  next.focus();
});

document.querySelector(".side [aria-current]")?.scrollIntoView({ block: "nearest" });
