// The console stays at its last line while that is followed; who scrolls up reads in peace.

import "./page.js";

const NEAR = 40;
const follow = /** @type {HTMLInputElement} */ (document.getElementById("follow"));

/** The frame that scrolls; there is none while nothing was printed. */
const lines = () => document.getElementById("lines");

function toEnd() {
  const frame = lines();
  if (frame && follow.checked) frame.scrollTop = frame.scrollHeight;
}

// Scrolling does not bubble; a new frame may come with the first line.
document.addEventListener(
  "scroll",
  (event) => {
    const frame = lines();
    if (event.target === frame && frame) {
      follow.checked = frame.scrollHeight - frame.scrollTop - frame.clientHeight < NEAR;
    }
  },
  { capture: true, passive: true },
);
follow.addEventListener("change", toEnd);
document.addEventListener("refreshed", toEnd);
toEnd();
