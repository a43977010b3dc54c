// The lines of a chart of curves: what the hub sends, what is known of it by now, and what lies where.

import { smoothed } from "./smoothing.js";

/**
 * @typedef {object} Curve numbers of one line; NaN cuts it
 * @property {Float64Array} x
 * @property {Float64Array} mean
 * @property {Float64Array} [low] of the rows behind a point, or of the mean's confidence interval
 * @property {Float64Array} [high]
 * @property {number[]} [count] how many runs of a group reach to a point
 * @property {number} nan how many values were NaN
 * @property {number} infinite how many values were infinite
 */

/**
 * @typedef {object} Line
 * @property {string} key a run's id, or what tells a group apart
 * @property {string} name
 * @property {number} stamp tells whether the curve is still the run's; 0 where the hub sends it anew each time
 * @property {number} runs how many runs a group has; 0 for a run
 * @property {number} colour
 * @property {Curve} [curve]
 */

/**
 * The lines that an answer of the hub tells of, in its order; curves that it left out stay as they are known.
 *
 * @param {any} answer
 * @param {any} chart of the answer
 * @param {Map<string, Line>} known
 * @param {Map<string, number>} colours
 * @returns {Map<string, Line>}
 */
export function linesOf(answer, chart, known, colours) {
  const axes = chart.axes.map(numbers);
  const sent = new Map(chart.curves.map((/** @type {any} */ curve) => [curve.line, curve]));
  return new Map(
    linesIn(answer, chart).map((/** @type {any} */ line, /** @type {number} */ index) => {
      const before = known.get(line.key);
      const same = line.stamp !== 0 && before?.stamp === line.stamp;
      const curve = same ? before.curve : sent.has(index) ? curveOf(sent.get(index), axes) : undefined;
      return [line.key, { ...line, colour: colours.get(line.key), curve }];
    }),
  );
}

/**
 * A chart may have lines of its own.
 *
 * @param {any} answer
 * @param {any} chart of the answer
 * @returns {any[]}
 */
export function linesIn(answer, chart) {
  return chart.lines ?? answer.lines;
}

/**
 * @param {any} sent
 * @param {Float64Array[]} axes
 * @returns {Curve}
 */
function curveOf(sent, axes) {
  const { nan, infinite, count } = sent;
  const curve = { x: axes[sent.x], mean: numbers(sent.mean), nan, infinite, count };
  return sent.low ? { ...curve, low: numbers(sent.low), high: numbers(sent.high) } : curve;
}

/** @param {(number | null)[]} list */
function numbers(list) {
  return list.includes(null) ? Float64Array.from(list, (value) => value ?? NaN) : Float64Array.from(list);
}

/** @type {WeakMap<Curve, {weight: number, length: number, values: Float64Array}>} */
const kept = new WeakMap();

/**
 * A curve's means, smoothed; made once.
 *
 * @param {Curve} curve
 * @param {number} weight
 * @param {number} length of the axis
 */
export function smoothedMean(curve, weight, length) {
  const before = kept.get(curve);
  if (before?.weight === weight && before.length === length) return before.values;
  const values = smoothed(curve.x, curve.mean, weight, length);
  kept.set(curve, { weight, length, values });
  return values;
}

/**
 * The place of the point of a curve that is nearest to `x`, of those that are drawn; -1 without one.
 *
 * @param {Curve} curve
 * @param {number} x
 */
export function nearestIndex(curve, x) {
  let [low, high] = [0, curve.x.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (curve.x[middle] < x) low = middle + 1;
    else high = middle;
  }
  const isDrawn = (/** @type {number} */ index) => !Number.isNaN(curve.mean[index]);
  let [before, behind] = [low - 1, low];
  while (before >= 0 && !isDrawn(before)) before -= 1;
  while (behind < curve.x.length && !isDrawn(behind)) behind += 1;
  if (before < 0) return behind < curve.x.length ? behind : -1;
  if (behind >= curve.x.length) return before;
  return x - curve.x[before] <= curve.x[behind] - x ? before : behind;
}

/**
 * The least and the greatest value of parts of curves; undefined without any.
 *
 * @param {Line[]} lines
 * @param {(curve: Curve) => Float64Array[]} partsOf
 * @param {boolean} positive
 * @param {[number, number]} [across] only what lies between
 * @returns {[number, number] | undefined}
 */
export function extentOf(lines, partsOf, positive, across) {
  let [low, high] = [Infinity, -Infinity];
  for (const { curve } of lines) {
    const mean = curve.mean;
    for (const values of partsOf(curve)) {
      for (let index = 0; index < values.length; index += 1) {
        if (across && (curve.x[index] < across[0] || curve.x[index] > across[1])) continue;
        const value = Number.isNaN(values[index]) && values !== curve.x ? mean[index] : values[index];
        if (positive && !(value > 0)) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
  }
  return low <= high ? [low, high] : undefined;
}
