// Columns of runs as charts show them: a scale for each, and its values as people read them.

import { durationText, numberText } from "./numbers.js";
import { extent, linear, log, roomy, time } from "./scales.js";

/** @typedef {import("./scales.js").Scale} Scale */

export const NO_RUNS = "No run has begun, or none passes the filter.";

const SPREAD = 0.4; // Of the room that a category has.
const GOLDEN = 0.618033988749895; // Its multiples, without their whole parts, lie evenly.

/**
 * @typedef {object} Column as the hub gives it
 * @property {string} name
 * @property {string} label
 * @property {"linear" | "log" | "time" | "category"} kind
 * @property {string} written its name in a filter; empty where none can name it
 * @property {(number | null)[]} values one a run; of a category column, places in `categories`
 * @property {{label: string, written: string}[]} [categories]
 */

/**
 * @typedef {object} Points what runs have in columns
 * @property {number} shown
 * @property {number} total
 * @property {string} note
 * @property {{column: string, label: string, goal: "minimize" | "maximize"} | null} objective
 * @property {string[]} ids
 * @property {string[]} names
 * @property {string[]} states
 * @property {Column[]} columns
 */

/**
 * The scale of a column.
 *
 * @param {Column} column
 * @param {[number, number]} range
 * @param {number} [room] at both ends, as a share
 * @returns {Scale}
 */
export function scaleOf(column, range, room = 0.04) {
  if (column.categories) return places(column.categories, range);
  const ends = extent(numbersIn(column)) ?? [0, 1];
  if (column.kind === "log") {
    const stretch = (ends[1] / ends[0]) ** room;
    return log([ends[0] / stretch, ends[1] * stretch], range);
  }
  return (column.kind === "time" ? time : linear)(room ? roomy(ends, room) : ends, range);
}

/**
 * A value of a column in short.
 *
 * @param {Column} column
 * @param {number | null} value
 * @param {number} [digits]
 */
export function textOf(column, value, digits = 4) {
  if (value === null) return "–";
  if (column.categories) return column.categories[value].label;
  return column.kind === "time" ? durationText(value) : numberText(value, digits);
}

/**
 * Where a column's values lie between its least and its greatest, from 0 to 1; for colours.
 *
 * @param {Column} column
 * @returns {(value: number | null) => number} NaN where there is none
 */
export function shareOf(column) {
  const scale = scaleOf(column, [0, 1], 0);
  return (value) => (value === null ? NaN : scale.place(value));
}

/**
 * Where a run's point is: those of one category beside each other, the same run always at the same place.
 *
 * @param {Column} column
 * @param {number} run that has a value there
 */
export function spotOf(column, run) {
  const value = /** @type {number} */ (column.values[run]);
  return column.categories ? value + SPREAD * (((run * GOLDEN) % 1) - 0.5) : value;
}

/**
 * @param {Column} column
 * @returns {number[]}
 */
function numbersIn(column) {
  return /** @type {number[]} */ (column.values.filter((value) => value !== null));
}

/**
 * Categories at equal distances, with half of one at both ends.
 *
 * @param {{label: string}[]} categories
 * @param {[number, number]} range
 * @returns {Scale}
 */
function places(categories, range) {
  const scale = linear([-0.5, Math.max(categories.length, 1) - 0.5], range);
  return {
    ...scale,
    ticks: (count) => {
      const stride = Math.max(1, Math.ceil(categories.length / Math.max(1, count)));
      return categories.map(({ label }, value) => ({ value, label })).filter(({ value }) => value % stride === 0);
    },
  };
}
