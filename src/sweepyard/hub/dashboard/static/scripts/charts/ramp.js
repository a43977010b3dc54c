// Colours that say how much: from `--ramp-low` over `--ramp-mid` to `--ramp-high`, the last of which stands out most.

import { resolved } from "./palette.js";

const STEPS = 32;

/**
 * The colours of shares from 0 to 1, as the page has them now; what is no number gets the colour of what is missing.
 *
 * @param {Element} host
 * @returns {(share: number) => string}
 */
export function rampOf(host) {
  const found = resolved(host, ["--ramp-low", "--ramp-mid", "--ramp-high", "--edge"]);
  const stops = [found["--ramp-low"], found["--ramp-mid"], found["--ramp-high"]].map(channels);
  const colours = Array.from({ length: STEPS + 1 }, (_, step) => {
    const place = (2 * step) / STEPS;
    const from = Math.min(1, Math.floor(place));
    const mixed = stops[from].map((channel, index) => Math.round(channel + (stops[from + 1][index] - channel) * (place - from)));
    return `rgb(${mixed.join(" ")})`;
  });
  return (share) => (Number.isNaN(share) ? found["--edge"] : colours[Math.round(Math.min(1, Math.max(0, share)) * STEPS)]);
}

/** @param {string} colour as `getComputedStyle` gives it */
function channels(colour) {
  return (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
}
