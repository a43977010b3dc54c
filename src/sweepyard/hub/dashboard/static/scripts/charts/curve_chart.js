// A chart of curves: lines with their bands on a canvas, and what is pointed at on another above it.

import { axisStyle, drawAxes, labelWidth } from "./axes.js";
import { CurveGestures } from "./curve_gestures.js";
import { clip, drawBand, drawLine, drawPoint } from "./curve_ink.js";
import { extentOf, nearestIndex, smoothedMean } from "./curve_lines.js";
import { countText, durationText, numberText } from "./numbers.js";
import { COLOURS, colourName, resolved } from "./palette.js";
import { linear, log, roomy, time } from "./scales.js";
import { Surface } from "./surface.js";

/** @typedef {import("./curve_lines.js").Line} Line */
/** @typedef {import("./curve_lines.js").Curve} Curve */
/** @typedef {[number, number]} Edges */

/**
 * @typedef {object} Look
 * @property {"step" | "epoch" | "time"} axis
 * @property {boolean} logX
 * @property {boolean} logY
 * @property {number} smoothing from 0 to below 1
 * @property {boolean} [fromZero] whether 0 is on the vertical axis, as for quantities
 */

const MARGIN = { top: 8, right: 10, bottom: 22 };
const FEW = 20; // So many curves are drawn in stronger lines.
const COLOUR_NAMES = Array.from({ length: COLOURS }, (_, index) => colourName(index + 1));

export class CurveChart {
  /**
   * @param {HTMLElement} plot where it is drawn
   * @param {Look} look
   * @param {object} on
   * @param {() => void} on.sight it came near what is in sight
   * @param {(edges: Edges | null) => void} on.zoom
   * @param {(line: Line | undefined, index: number) => void} on.point something is pointed at, or nothing is
   * @param {(line: Line) => void} on.open
   */
  constructor(plot, look, on) {
    this.plot = plot;
    this.look = look;
    this.on = on;
    /** @type {Map<string, Line>} */
    this.lines = new Map();
    /** @type {Edges | null} */
    this.edges = null;
    /** @type {{key: string, x: number} | undefined} */
    this.pointed = undefined;
    /** @type {Edges | undefined} what is known of the horizontal axis without a zoom */
    this.whole = undefined;
    this.isShown = false;
    this.blank = plot.appendChild(Object.assign(document.createElement("p"), { className: "blank", hidden: true }));
    this.base = new Surface(plot, (sheet) => this.drawBase(sheet), on.sight);
    this.above = new Surface(plot, (sheet) => this.drawPointed(sheet));
    this.gestures = new CurveGestures(this);
  }

  /** @param {Map<string, Line>} lines */
  show(lines) {
    this.lines = lines;
    this.isShown = true;
    if (!this.edges) this.length = undefined;
    if (this.pointed && !this.pointedLine()?.curve) this.point(undefined);
    this.redraw();
  }

  /** @param {Look} look */
  restyle(look) {
    this.look = look;
    this.redraw();
  }

  redraw() {
    this.frame = undefined;
    this.known = undefined;
    this.base.invalidate();
    this.above.invalidate();
  }

  /** Let go of the page. */
  close() {
    this.base.close();
    this.above.close();
  }

  /** Let go of what was chosen along an axis that is another one now. */
  forget() {
    this.point(undefined);
    this.zoom(null);
  }

  /** @param {Edges | null} edges */
  zoom(edges) {
    if (!edges && !this.edges) return;
    this.edges = edges;
    this.point(undefined);
    this.redraw();
    this.on.zoom(edges);
  }

  /**
   * @param {string | undefined} key
   * @param {number} [x]
   */
  point(key, x = 0) {
    this.pointed = key === undefined ? undefined : { key, x };
    this.plot.classList.toggle("pointing", key !== undefined);
    this.above.invalidate();
    const line = this.pointedLine();
    this.on.point(line, line?.curve ? nearestIndex(line.curve, x) : -1);
  }

  pointedLine() {
    return this.pointed && this.lines.get(this.pointed.key);
  }

  openPointed() {
    const line = this.pointedLine();
    if (line) this.on.open(line);
  }

  /** @param {number} value on the horizontal axis */
  place(value) {
    return this.look.axis === "time" ? durationText(value) : numberText(value);
  }

  /** Those that have something to draw. */
  drawn() {
    return [...this.lines.values()].filter((line) => line.curve);
  }

  /** How long the axis is, of all that is known: smoothing goes by it, so it does not change with the zoom. */
  axisLength() {
    if (this.length === undefined) {
      const ends = this.drawn().flatMap(({ curve }) => [curve.x[0], curve.x[curve.x.length - 1]]);
      this.length = ends.length ? Math.max(...ends) - Math.min(...ends) : 0;
    }
    return this.length;
  }

  /**
   * What a line is drawn through.
   *
   * @param {Curve} curve
   */
  values(curve) {
    return this.look.smoothing > 0 ? smoothedMean(curve, this.look.smoothing, this.axisLength()) : curve.mean;
  }

  /** The ends of both axes, each undefined where no value has a place on it. */
  extents() {
    if (!this.known) {
      const { logX, logY } = this.look;
      const lines = this.drawn();
      const across = this.edges ?? extentOf(lines, (curve) => [curve.x], logX);
      const upward = across && extentOf(lines, (curve) => [curve.low ?? curve.mean, curve.high ?? curve.mean], logY, across);
      if (!this.edges) this.whole = across;
      this.known = { across, upward };
    }
    return this.known;
  }

  /**
   * Scales and colours for the present size.
   *
   * @param {import("./surface.js").Sheet} sheet
   */
  framed({ context, width, height }) {
    if (this.frame?.width === width && this.frame.height === height) return this.frame;
    const { logX, logY, axis } = this.look;
    const { across, upward } = this.extents();
    const style = axisStyle(this.plot);
    const { fromZero } = this.look;
    const values = upward && fromZero ? /** @type {Edges} */ ([Math.min(0, upward[0]), Math.max(0, upward[1])]) : upward;
    const vertical = (/** @type {[number, number]} */ range) =>
      logY ? log(values ?? [0.1, 1], range) : linear(roomy(values ?? [0, 1]), range);
    const bottom = height - MARGIN.bottom;
    const left = 4 + labelWidth(context, style, vertical([bottom, MARGIN.top]).ticks(Math.max(2, Math.floor(bottom / 38))));
    const box = { left, top: MARGIN.top, right: width - MARGIN.right, bottom };
    const scale = logX && (across?.[0] ?? 0) > 0 ? log : axis === "time" ? time : linear;
    const x = scale(across ?? [0, 1], [box.left, box.right]);
    const y = vertical([box.bottom, box.top]);
    const colours = resolved(this.plot, COLOUR_NAMES);
    this.frame = { width, height, style, box, x, y, across: new Map(), colours, empty: !upward };
    return this.frame;
  }

  /** @param {import("./surface.js").Sheet} sheet */
  drawBase(sheet) {
    this.frame = undefined;
    const { context } = sheet;
    const frame = this.framed(sheet);
    if (this.isShown) this.plot.setAttribute("aria-busy", "false");
    drawAxes(context, frame.style, frame.box, frame.x, frame.y);
    if (frame.empty) return;
    const lines = this.drawn();
    const width = lines.length <= FEW ? 1.6 : 1;
    clip(context, frame.box, this.edges !== null);
    const isSmooth = this.look.smoothing > 0;
    for (const line of lines) drawBand(context, frame, line, (lines.length <= FEW ? 0.18 : 0.1) * (isSmooth && !line.runs ? 0.6 : 1));
    if (isSmooth) for (const line of lines) drawLine(context, frame, line, line.curve.mean, 1, 0.22);
    for (const line of lines) drawLine(context, frame, line, this.values(line.curve), width, lines.length <= FEW ? 1 : 0.8);
  }

  /** @param {import("./surface.js").Sheet} sheet */
  drawPointed(sheet) {
    const [line, frame] = [this.pointedLine(), this.frame];
    if (!line?.curve || !frame || frame.empty) return;
    const { context } = sheet;
    clip(context, frame.box, this.edges !== null);
    drawBand(context, frame, line, 0.3);
    drawLine(context, frame, line, this.values(line.curve), 3.2, 1);
    const index = nearestIndex(line.curve, this.pointed.x);
    const [across, upward] = [frame.x.place(line.curve.x[index]), frame.y.place(this.values(line.curve)[index])];
    drawPoint(context, frame, line.colour, across, upward);
  }

  /** Why there may be less to see than somebody expects, in words. */
  remarks() {
    const [lines, drawn] = [this.lines.size, this.drawn()];
    const [nan, infinite] = ["nan", "infinite"].map((kind) => drawn.reduce((sum, { curve }) => sum + curve[kind], 0));
    const { logX, logY } = this.look;
    const isLogX = logX && (this.edges?.[0] ?? 1) > 0; // A stretch that begins at 0 is drawn as it is.
    const hidden = drawn.some(
      ({ curve }) => (isLogX && curve.x[0] <= 0) || (logY && (curve.low ?? curve.mean).some((value) => value <= 0)),
    );
    return [
      drawn.length < lines && drawn.length > 0 ? `${countText(lines - drawn.length)} of ${countText(lines)} have none here` : "",
      nan ? `${countText(nan)} NaN` : "",
      infinite ? `${countText(infinite)} infinite` : "",
      hidden ? "0 and below have no place on a log axis" : "",
    ].filter(Boolean);
  }
}
