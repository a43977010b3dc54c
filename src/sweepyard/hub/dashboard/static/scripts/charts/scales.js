// Scales: from values to places on a page and back, with ticks at round values.

import { durationTickText, tickText } from "./numbers.js";

/** @typedef {{value: number | string, label: string}} Tick */

/**
 * @typedef {object} Scale
 * @property {[number, number]} domain the values at both ends; of a category scale, the first and the last place
 * @property {[number, number]} range the places at both ends, in CSS pixels
 * @property {(value: any) => number} place NaN for a value that the scale has no place for
 * @property {(place: number) => any} value
 * @property {(count: number) => Tick[]} ticks about so many
 */

/**
 * Equal distances for equal differences.
 *
 * @param {[number, number]} domain
 * @param {[number, number]} range
 * @returns {Scale}
 */
export function linear(domain, range) {
  const [low, high] = widened(domain);
  return {
    domain: [low, high],
    range,
    place: (value) => between(range, share(value, low, high)),
    value: (place) => between([low, high], share(place, range[0], range[1])),
    ticks: (count) => {
      const step = roundStep((high - low) / Math.max(1, count));
      return multiples(low, high, step).map((value) => ({ value, label: tickText(value, step) }));
    },
  };
}

/**
 * Equal distances for equal ratios; what is not above 0 has no place.
 *
 * @param {[number, number]} domain above 0
 * @param {[number, number]} range
 * @returns {Scale}
 */
export function log(domain, range) {
  const [low, high] = domain[1] > domain[0] ? domain : [domain[0] / 2, domain[0] * 2];
  const [first, last] = [Math.log10(low), Math.log10(high)];
  return {
    domain: [low, high],
    range,
    place: (value) => (value > 0 ? between(range, share(Math.log10(value), first, last)) : NaN),
    value: (place) => 10 ** between([first, last], share(place, range[0], range[1])),
    ticks: (count) => {
      const decades = last - first;
      if (decades < 1.5) {
        const step = roundStep((high - low) / Math.max(1, count));
        return multiples(low, high, step).map((value) => ({ value, label: tickText(value, step) }));
      }
      const stride = Math.max(1, Math.ceil(decades / Math.max(1, count)));
      const within = decades * 2 <= count ? [1, 2, 5] : [1];
      const values = [];
      for (let power = Math.floor(first); power <= last; power += 1) {
        if (power % stride) continue;
        for (const factor of within) values.push(Number(`${factor}e${power}`));
      }
      return values
        .filter((value) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9))
        .map((value) => ({ value, label: tickText(value, value) }));
    },
  };
}

const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

/**
 * Durations in seconds: linear, with ticks at round minutes, hours, days.
 *
 * @param {[number, number]} domain
 * @param {[number, number]} range
 * @returns {Scale}
 */
export function time(domain, range) {
  const scale = linear(domain, range);
  const [low, high] = scale.domain;
  return {
    ...scale,
    ticks: (count) => {
      const least = (high - low) / Math.max(1, count);
      const step =
        least < 1 ? roundStep(least) : TIME_STEPS.find((each) => each >= least * 0.75) ?? 86400 * roundStep(least / 86400);
      return multiples(low, high, step).map((value) => ({ value, label: durationTickText(value, step) }));
    },
  };
}

/**
 * One place for each of some names, at equal distances.
 *
 * @param {string[]} names
 * @param {[number, number]} range
 * @returns {Scale}
 */
export function category(names, range) {
  const places = new Map(names.map((name, index) => [name, names.length > 1 ? index / (names.length - 1) : 0.5]));
  return {
    domain: [0, Math.max(0, names.length - 1)],
    range,
    place: (name) => between(range, places.get(name) ?? NaN),
    value: (place) => names[Math.round(share(place, range[0], range[1]) * (names.length - 1))],
    ticks: (count) => {
      const stride = Math.max(1, Math.ceil(names.length / Math.max(1, count)));
      return names.filter((_, index) => index % stride === 0).map((name) => ({ value: name, label: name }));
    },
  };
}

/**
 * The least and the greatest of the finite values; undefined without one.
 *
 * @param {Iterable<number>} values
 * @returns {[number, number] | undefined}
 */
export function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low && value !== -Infinity) low = value;
    if (value > high && value !== Infinity) high = value;
  }
  return low <= high ? [low, high] : undefined;
}

/**
 * A domain with some room at both ends, so that nothing is drawn on the frame.
 *
 * @param {[number, number]} domain
 * @param {number} [room] as a share of it
 * @returns {[number, number]}
 */
export function roomy([low, high], room = 0.05) {
  const space = (high / 2 - low / 2) * 2 * room; // halved, so that ends of the floats' range do not overflow
  return Number.isFinite(low - space) && Number.isFinite(high + space) ? [low - space, high + space] : [low, high];
}

/** @param {[number, number]} domain */
function widened([low, high]) {
  if (high > low) return [low, high];
  const half = Math.abs(low) * 0.05 || 0.5;
  return [low - half, low + half];
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
function share(value, low, high) {
  return (value / 2 - low / 2) / (high / 2 - low / 2);
}

/**
 * @param {[number, number]} ends
 * @param {number} part
 */
function between([from, to], part) {
  return from * (1 - part) + to * part;
}

/** @param {number} least */
function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= least * 0.75) ?? 10;
  return step * power;
}

/**
 * @param {number} low
 * @param {number} high
 * @param {number} step
 */
function multiples(low, high, step) {
  if (!(step > 0) || !Number.isFinite(step)) return [];
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.min(100, Math.floor(high / step + 1e-9) - first + 1);
  // Dividing by the inverse keeps 0.3 from becoming 0.30000000000000004.
  const inverse = Math.round(1 / step);
  return Array.from({ length: Math.max(0, count) }, (_, index) =>
    step < 1 ? (first + index) / inverse || 0 : (first + index) * step || 0,
  );
}
