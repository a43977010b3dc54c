// A sweep's page: its charts, kept up to date.

import { loadBands } from "./charts/bands_chart.js";
import { loadBest } from "./charts/best_chart.js";
import { missed, subscribe } from "./live.js";
import { loadPoints } from "./sweep_points.js";

const LEAST_BETWEEN_MS = 3000;

let loadedAt = -Infinity;
/** @type {number | undefined} */
let later;

/** Draw what the hub has now; charts of thousands of runs are not asked for at each number that one of them logs. */
async function load() {
  const wait = loadedAt + LEAST_BETWEEN_MS - performance.now();
  if (wait > 0) {
    later ??= setTimeout(() => {
      later = undefined;
      void load();
    }, wait);
    return;
  }
  loadedAt = performance.now();
  try {
    await Promise.all([loadPoints(), loadBest(), loadBands()]);
  } catch (error) {
    loadedAt = -Infinity;
    missed(error);
  }
}

// The page comes anew when the sweep is steered; who does it by the keyboard is then where they were.
const STEERED = "steered";
document.addEventListener("click", (event) => {
  const button = event.target instanceof Element && event.target.closest("#steering button");
  if (button && !event.detail) sessionStorage.setItem(STEERED, location.pathname);
});
if (sessionStorage.getItem(STEERED) === location.pathname) {
  sessionStorage.removeItem(STEERED);
  const control = document.querySelector("#steering :is(button, a)") ?? document.getElementById("main");
  if (control instanceof HTMLElement) control.focus({ preventScroll: true });
}

const { events } = document.body.dataset;
if (events) subscribe(events, load);
void load();
