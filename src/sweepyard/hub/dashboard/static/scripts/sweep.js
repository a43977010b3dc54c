// A sweep's page: its charts, kept up to date.

import { loadBands } from "./charts/bands_chart.js";
import { loadBest } from "./charts/best_chart.js";
import { FetchFailed, subscribe } from "./live.js";
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
    // That the hub is away, the page's bar says, and a next mark has it done again.
    if (!(error instanceof FetchFailed)) throw error;
    loadedAt = -Infinity;
  }
}

const { events } = document.body.dataset;
if (events) subscribe(events, load);
void load();
