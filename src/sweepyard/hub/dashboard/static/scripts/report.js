// A report's charts: each block of them shows runs of its own, and follows what happens.

import { CurveSet } from "./charts/curve_set.js";
import { subscribe } from "./live.js";

/** @type {Map<HTMLElement, CurveSet>} */
const sets = new Map();

/**
 * @param {HTMLElement} block
 * @param {number} place among the blocks
 * @returns {import("./charts/curve_panel.js").Source}
 */
function sourceOf(block, place) {
  const { curves, url = "", runsUrl = "", most, look = "" } = block.dataset;
  const note = /** @type {HTMLElement} */ (block.querySelector("[data-note]"));
  const drawn = JSON.parse(look);
  return {
    dataUrl: url,
    runsUrl,
    part: `${place}.`,
    look: () => drawn,
    wanted: () => new URLSearchParams(curves),
    most: () => Number(most),
    problem: () => "",
    say: (text) => void (note.textContent = text),
  };
}

/** The blocks are the page's; each has a set of charts. */
function sync() {
  const blocks = [...document.querySelectorAll("[data-curves]")].filter((each) => each instanceof HTMLElement);
  for (const [block, set] of sets) {
    if (blocks.includes(block)) continue;
    set.close();
    sets.delete(block);
  }
  blocks.forEach((block, place) => {
    if (!sets.has(block)) sets.set(block, new CurveSet(block, sourceOf(block, place)));
  });
}

/** @param {{all?: boolean}} [how] as `CurveSet.update` has it */
async function update(how) {
  await Promise.all([...sets.values()].map((set) => set.update(how)));
}

document.addEventListener("refreshed", () => {
  sync();
  void update();
});

sync();
void update();
const { events } = document.body.dataset;
if (events) subscribe(events, () => update({ all: true }));
