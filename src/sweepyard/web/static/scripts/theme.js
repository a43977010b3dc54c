// Colours before the first paint: run as a classic script in the head, so that no page flashes in the other scheme.
"use strict";

(() => {
  const KEY = "sweepyard.theme";
  const root = document.documentElement;
  root.classList.add("scripted");

  /** @param {string | null} theme `light`, `dark`, or null for the system's own */
  function show(theme) {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
    document.dispatchEvent(new CustomEvent("themechange"));
  }

  show(localStorage.getItem(KEY));
  addEventListener("storage", (event) => event.key === KEY && show(event.newValue));
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element) || !event.target.closest("#theme")) return;
    const next = { undefined: "light", light: "dark" }[root.dataset.theme];
    if (next) localStorage.setItem(KEY, next);
    else localStorage.removeItem(KEY);
    show(next ?? null);
  });
})();
