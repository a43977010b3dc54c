// The frame of a chart on a canvas: grid, ticks and their labels, names of the axes.

import { resolved } from "./palette.js";

/** @typedef {import("./scales.js").Scale} Scale */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Box in CSS pixels */

export const FONT_SIZE = 11;
const GAP = 6;

/**
 * The font and the colours of axes, as the page has them now.
 *
 * @param {Element} host
 */
export function axisStyle(host) {
  const colours = resolved(host, ["--faint", "--line", "--edge", "--ink", "--surface"]);
  return { font: `${FONT_SIZE}px ${getComputedStyle(host).fontFamily}`, ...colours };
}

/**
 * How wide the labels of a vertical axis are.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {ReturnType<typeof axisStyle>} style
 * @param {import("./scales.js").Tick[]} ticks
 */
export function labelWidth(context, style, ticks) {
  context.font = style.font;
  return Math.ceil(Math.max(0, ...ticks.map(({ label }) => context.measureText(label).width))) + GAP;
}

/**
 * Grid lines and labels of both axes around a box; labels that would touch one another are left out.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {ReturnType<typeof axisStyle>} style
 * @param {Box} box
 * @param {Scale} x
 * @param {Scale} y
 */
export function drawAxes(context, style, box, x, y) {
  context.save();
  context.font = style.font;
  context.lineWidth = 1;
  context.strokeStyle = style["--line"];
  context.fillStyle = style["--faint"];
  const across = x.ticks(Math.max(2, Math.floor((box.right - box.left) / 75)));
  const upward = y.ticks(Math.max(2, Math.floor((box.bottom - box.top) / 38)));
  context.beginPath();
  for (const { value } of upward) {
    const place = Math.round(y.place(value)) + 0.5;
    context.moveTo(box.left, place);
    context.lineTo(box.right, place);
  }
  context.stroke();
  context.strokeStyle = style["--edge"];
  context.beginPath();
  context.moveTo(box.left, Math.round(box.bottom) + 0.5);
  context.lineTo(box.right, Math.round(box.bottom) + 0.5);
  for (const { value } of across) {
    const place = Math.round(x.place(value)) + 0.5;
    context.moveTo(place, box.bottom);
    context.lineTo(place, box.bottom + 4);
  }
  context.stroke();
  context.textBaseline = "middle";
  context.textAlign = "right";
  let last = Infinity;
  for (const { value, label } of upward) {
    const place = y.place(value);
    if (Math.abs(last - place) < FONT_SIZE + 2) continue;
    context.fillText(label, box.left - GAP, place);
    last = place;
  }
  context.textBaseline = "top";
  let taken = -Infinity;
  for (const { value, label } of across) {
    const half = context.measureText(label).width / 2;
    const middle = Math.min(Math.max(x.place(value), box.left + half - GAP), box.right - half + GAP);
    if (middle - half < taken + GAP) continue;
    context.textAlign = "center";
    context.fillText(label, middle, box.bottom + GAP + 1);
    taken = middle + half;
  }
  context.restore();
}
