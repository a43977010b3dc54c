// How the lines of a chart of curves are drawn on its canvas.

import { colourName } from "./palette.js";

/** @typedef {import("./curve_lines.js").Line} Line */

/**
 * @typedef {object} Frame scales and colours for a size
 * @property {number} width
 * @property {number} height
 * @property {ReturnType<typeof import("./axes.js").axisStyle>} style
 * @property {import("./axes.js").Box} box
 * @property {import("./scales.js").Scale} x
 * @property {import("./scales.js").Scale} y
 * @property {Record<string, string>} colours
 * @property {boolean} empty whether there is nothing to draw
 */

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {Line} line
 * @param {Float64Array} values
 * @param {number} width
 * @param {number} strength
 */
export function drawLine(context, { x, y, colours }, { curve, colour }, values, width, strength) {
  context.globalAlpha = strength;
  context.strokeStyle = colours[colourName(colour)];
  context.lineWidth = width;
  context.lineJoin = context.lineCap = "round";
  context.beginPath();
  let joined = false;
  for (let index = 0; index < values.length; index += 1) {
    const [across, upward] = [x.place(curve.x[index]), y.place(values[index])];
    const here = !Number.isNaN(across) && !Number.isNaN(upward);
    if (here && joined) context.lineTo(across, upward);
    else if (here) {
      context.moveTo(across, upward);
      context.lineTo(across, upward); // A point with nothing beside it is a dot.
    }
    joined = here;
  }
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {Line} line
 * @param {number} strength
 */
export function drawBand(context, { x, y, colours, box }, { curve, colour }, strength) {
  const { low, high } = curve;
  if (!low || !high) return;
  context.globalAlpha = strength;
  context.fillStyle = colours[colourName(colour)];
  context.beginPath();
  for (let begin = 0; begin < low.length; begin += 1) {
    if (Number.isNaN(low[begin])) continue;
    let end = begin;
    while (end < low.length && !Number.isNaN(low[end])) end += 1;
    const places = (/** @type {Float64Array} */ values, /** @type {number} */ index) =>
      /** @type {[number, number]} */ ([x.place(curve.x[index]), bounded(y.place(values[index]), box)]);
    context.moveTo(...places(high, begin));
    for (let index = begin + 1; index < end; index += 1) context.lineTo(...places(high, index));
    for (let index = end - 1; index >= begin; index -= 1) context.lineTo(...places(low, index));
    context.closePath();
    begin = end;
  }
  context.fill();
  // A spike of one row is thinner than a pixel; its outline is not.
  context.strokeStyle = context.fillStyle;
  context.lineWidth = 1;
  context.stroke();
}

/**
 * Where a line is pointed at.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {number} colour
 * @param {number} across
 * @param {number} upward
 */
export function drawPoint(context, { box, style, colours }, colour, across, upward) {
  context.globalAlpha = 1;
  context.strokeStyle = style["--faint"];
  context.lineWidth = 1;
  context.setLineDash([3, 3]);
  context.beginPath();
  context.moveTo(Math.round(across) + 0.5, box.top);
  context.lineTo(Math.round(across) + 0.5, box.bottom);
  context.stroke();
  context.setLineDash([]);
  context.fillStyle = colours[colourName(colour)];
  context.strokeStyle = style["--surface"];
  context.lineWidth = 2;
  context.beginPath();
  context.arc(across, upward, 4.5, 0, 2 * Math.PI);
  context.fill();
  context.stroke();
}

/**
 * Draw nothing beyond the axes; thick lines may reach over the ends of what is not zoomed.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {import("./axes.js").Box} box
 * @param {boolean} isZoomed
 */
export function clip(context, { left, top, right, bottom }, isZoomed) {
  const over = isZoomed ? 0 : 4;
  context.beginPath();
  context.rect(left - over, top - 4, right - left + 2 * over, bottom - top + 4);
  context.clip();
}

/**
 * @param {number} place
 * @param {import("./axes.js").Box} box
 */
function bounded(place, box) {
  return Number.isNaN(place) ? box.bottom : place;
}
