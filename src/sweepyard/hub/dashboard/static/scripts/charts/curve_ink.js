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
 * @property {Map<Float64Array, Float64Array>} across places of axes' values, which curves have in common
 * @property {Record<string, string>} colours
 * @property {boolean} empty whether there is nothing to draw
 */

/**
 * Where values lie, in pixels.
 *
 * @param {import("./scales.js").Scale} scale
 * @param {Float64Array} values
 */
function placed(scale, values) {
  return values.map(scale.place);
}

/**
 * Where a curve's points lie from left to right; looked up once for all curves along the same values.
 *
 * @param {Frame} frame
 * @param {Float64Array} values
 */
function placedAcross({ across, x }, values) {
  let places = across.get(values);
  if (!places) across.set(values, (places = placed(x, values)));
  return places;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {Line} line
 * @param {Float64Array} values
 * @param {number} width
 * @param {number} strength
 */
export function drawLine(context, frame, { curve, colour }, values, width, strength) {
  context.globalAlpha = strength;
  context.strokeStyle = frame.colours[colourName(colour)];
  context.lineWidth = width;
  context.lineJoin = context.lineCap = "round";
  context.beginPath();
  const [across, upward] = [placedAcross(frame, curve.x), placed(frame.y, values)];
  const isHere = (/** @type {number} */ index) => !Number.isNaN(across[index]) && !Number.isNaN(upward[index]);
  const alone = [];
  let joined = false;
  for (let index = 0; index < values.length; index += 1) {
    const here = isHere(index);
    if (here && joined) context.lineTo(across[index], upward[index]);
    else if (here) context.moveTo(across[index], upward[index]);
    if (here && !joined && (index + 1 === values.length || !isHere(index + 1))) alone.push(index);
    joined = here;
  }
  context.stroke();
  drawDots(context, alone.map((index) => [across[index], upward[index]]), width + 1);
}

/**
 * What has nothing beside it that a line could lead to.
 *
 * @param {CanvasRenderingContext2D} context whose strokes have the dots' colour
 * @param {number[][]} places
 * @param {number} radius
 */
function drawDots(context, places, radius) {
  context.fillStyle = context.strokeStyle;
  for (const [across, upward] of places) {
    context.beginPath();
    context.arc(across, upward, radius, 0, 2 * Math.PI);
    context.fill();
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Frame} frame
 * @param {Line} line
 * @param {number} strength
 */
export function drawBand(context, frame, { curve, colour }, strength) {
  const { low, high } = curve;
  if (!low || !high) return;
  context.globalAlpha = strength;
  context.fillStyle = frame.colours[colourName(colour)];
  context.beginPath();
  const [across, bottoms, tops] = [placedAcross(frame, curve.x), placed(frame.y, low), placed(frame.y, high)];
  for (let begin = 0; begin < low.length; begin += 1) {
    if (Number.isNaN(low[begin])) continue;
    let end = begin;
    while (end < low.length && !Number.isNaN(low[end])) end += 1;
    context.moveTo(across[begin], bounded(tops[begin], frame.box));
    for (let index = begin + 1; index < end; index += 1) context.lineTo(across[index], bounded(tops[index], frame.box));
    for (let index = end - 1; index >= begin; index -= 1) context.lineTo(across[index], bounded(bottoms[index], frame.box));
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
