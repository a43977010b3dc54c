// Going through the steps of a run's media, and through logged tables, without a reload; the address goes along.

import { follow } from "./page.js";

const SOON_MS = 150;

const form = /** @type {HTMLFormElement | null} */ (document.getElementById("steps"));
const slider = /** @type {HTMLInputElement | null} */ (document.getElementById("slider"));
const step = /** @type {HTMLInputElement | null} */ (document.getElementById("step"));

/** @returns {number[]} */
function marks() {
  return (document.getElementById("marks")?.dataset.marks ?? "").split(",").map(Number);
}

/**
 * @param {URL | string} url
 * @param {boolean} push whether going back leads to what was shown before
 */
function show(url, push) {
  if (push) history.pushState(null, "", url);
  else history.replaceState(null, "", url);
  void follow();
}

/** @param {number} wanted */
function at(wanted) {
  const url = new URL(location.href);
  url.searchParams.set("step", String(wanted));
  return url;
}

/** Have the controls say what is shown; where somebody is at one of them, it is theirs. */
function showStep() {
  const shown = document.getElementById("marks")?.dataset.at;
  if (!shown || !step) return;
  if (document.activeElement !== step) step.value = shown;
  if (!slider) return;
  const all = marks();
  slider.max = String(all.length - 1);
  if (document.activeElement !== slider) slider.value = String(all.findLastIndex((mark) => mark <= Number(shown)));
  slider.setAttribute("aria-valuetext", `step ${marks()[Number(slider.value)]}`);
}

/** @type {number | undefined} */
let soon;
slider?.addEventListener("input", () => {
  const wanted = marks()[Number(slider.value)];
  if (step) step.value = String(wanted);
  slider.setAttribute("aria-valuetext", `step ${wanted}`);
  clearTimeout(soon);
  soon = setTimeout(() => show(at(wanted), false), SOON_MS);
});
form?.addEventListener("submit", (submit) => {
  submit.preventDefault();
  if (step?.value) show(at(Number(step.value)), true);
});
document.getElementById("main")?.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[data-go]") : null;
  if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
  // A head of a table in the view of all keys leads to the view of its own.
  if (new URL(link.href).searchParams.get("key") !== new URL(location.href).searchParams.get("key")) return;
  event.preventDefault();
  show(link.href, true);
});
addEventListener("popstate", () => void follow());
document.addEventListener("refreshed", showStep);
showStep();
