// A chart of curves: lines with their bands on a canvas, and what is pointed at on another above it.

import { axisStyle, drawAxes, labelWidth } from "./axes.js";
import { nearestIndex, smoothedMean } from "./curve_lines.js";
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
const LEAST_DRAG = 6;
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
    this.drag = undefined;
    this.isShown = false;
    this.blank = plot.appendChild(Object.assign(document.createElement("p"), { className: "blank", hidden: true }));
    this.base = new Surface(plot, (sheet) => this.drawBase(sheet), on.sight);
    this.above = new Surface(plot, (sheet) => this.drawPointed(sheet));
    this.mark = plot.appendChild(Object.assign(document.createElement("div"), { className: "zoom", hidden: true }));
    this.listen();
  }

  /** @param {Map<string, Line>} lines */
  show(lines) {
    this.lines = lines;
    this.isShown = true;
    if (!this.edges) this.length = undefined;
    if (this.pointed && !this.lines.get(this.pointed.key)?.curve) this.point(undefined);
    this.redraw();
  }

  /** @param {Look} look */
  restyle(look) {
    this.look = look;
    this.redraw();
  }

  redraw() {
    this.frame = undefined;
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
    const line = key === undefined ? undefined : this.lines.get(key);
    this.on.point(line, line?.curve ? nearestIndex(line.curve, x) : -1);
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

  /**
   * Scales and colours for the present size; undefined where there is nothing to draw.
   *
   * @param {import("./surface.js").Sheet} sheet
   */
  framed({ context, width, height }) {
    if (this.frame?.width === width && this.frame.height === height) return this.frame;
    const { logX, logY, axis } = this.look;
    const across = this.edges ?? extentOf(this.drawn(), (curve) => [curve.x], logX);
    const upward = across && extentOf(this.drawn(), (curve) => [curve.low ?? curve.mean, curve.high ?? curve.mean], logY, across);
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
    this.frame = { width, height, style, box, x, y, colours, empty: !upward };
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
    this.clip(context, frame.box);
    const isSmooth = this.look.smoothing > 0;
    for (const line of lines) this.drawBand(context, frame, line, (lines.length <= FEW ? 0.18 : 0.1) * (isSmooth && !line.runs ? 0.6 : 1));
    if (isSmooth) for (const line of lines) this.drawLine(context, frame, line, line.curve.mean, 1, 0.22);
    for (const line of lines) this.drawLine(context, frame, line, this.values(line.curve), width, lines.length <= FEW ? 1 : 0.8);
  }

  /** @param {import("./surface.js").Sheet} sheet */
  drawPointed(sheet) {
    const line = this.pointed && this.lines.get(this.pointed.key);
    const frame = this.frame;
    if (!line?.curve || !frame || frame.empty) return;
    const { context } = sheet;
    const { box, x, y, colours, style } = frame;
    this.clip(context, box);
    this.drawBand(context, frame, line, 0.3);
    this.drawLine(context, frame, line, this.values(line.curve), 3.2, 1);
    const index = nearestIndex(line.curve, this.pointed.x);
    const [across, upward] = [x.place(line.curve.x[index]), y.place(this.values(line.curve)[index])];
    context.globalAlpha = 1;
    context.strokeStyle = style["--faint"];
    context.lineWidth = 1;
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(Math.round(across) + 0.5, box.top);
    context.lineTo(Math.round(across) + 0.5, box.bottom);
    context.stroke();
    context.setLineDash([]);
    context.fillStyle = colours[colourName(line.colour)];
    context.strokeStyle = style["--surface"];
    context.lineWidth = 2;
    context.beginPath();
    context.arc(across, upward, 4.5, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {any} frame
   * @param {Line} line
   * @param {Float64Array} values
   * @param {number} width
   * @param {number} strength
   */
  drawLine(context, { x, y, colours }, { curve, colour }, values, width, strength) {
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
   * @param {any} frame
   * @param {Line} line
   * @param {number} strength
   */
  drawBand(context, { x, y, colours, box }, { curve, colour }, strength) {
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
   * Draw nothing beyond the axes; thick lines may reach over the ends of what is not zoomed.
   *
   * @param {CanvasRenderingContext2D} context
   * @param {import("./axes.js").Box} box
   */
  clip(context, { left, top, right, bottom }) {
    const over = this.edges ? 0 : 4;
    context.beginPath();
    context.rect(left - over, top - 4, right - left + 2 * over, bottom - top + 4);
    context.clip();
  }

  listen() {
    const { plot } = this;
    plot.addEventListener("pointermove", (event) => this.moved(event));
    plot.addEventListener("pointerleave", (event) => this.drag || isTouch(event) || this.point(undefined));
    plot.addEventListener("blur", () => this.point(undefined));
    plot.addEventListener("dblclick", () => this.zoom(null));
    plot.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.frame || this.frame.empty) return;
      this.drag = { from: this.within(event), to: this.within(event) };
      plot.setPointerCapture(event.pointerId);
    });
    plot.addEventListener("pointerup", (event) => this.dropped(event));
    plot.addEventListener("pointercancel", () => this.endDrag());
    plot.addEventListener("keydown", (event) => this.pressed(event));
  }

  /** @param {PointerEvent} event */
  within(event) {
    const { box } = this.frame;
    return Math.min(box.right, Math.max(box.left, event.clientX - this.plot.getBoundingClientRect().left));
  }

  /** @param {PointerEvent} event */
  moved(event) {
    const { frame, drag } = this;
    if (!frame || frame.empty) return;
    if (drag) {
      drag.to = this.within(event);
      const [from, to] = [drag.from, drag.to].sort((a, b) => a - b);
      this.mark.hidden = to - from < LEAST_DRAG;
      Object.assign(this.mark.style, { left: `${from}px`, width: `${to - from}px` });
      return;
    }
    this.pointNear(event);
  }

  /** @param {PointerEvent} event */
  pointNear(event) {
    const { frame } = this;
    const area = this.plot.getBoundingClientRect();
    const [x, height] = [frame.x.value(this.within(event)), event.clientY - area.top];
    const nearest = this.nearest(x, (place) => Math.abs(place - height));
    this.point(nearest?.key, x);
  }

  /**
   * The line whose point at `x` is best, the least counting as best.
   *
   * @param {number} x
   * @param {(place: number) => number} rank by the height in pixels
   */
  nearest(x, rank) {
    let [best, found] = [Infinity, /** @type {Line | undefined} */ (undefined)];
    for (const line of this.drawn()) {
      const index = nearestIndex(line.curve, x);
      const place = index < 0 ? NaN : this.frame.y.place(this.values(line.curve)[index]);
      // A curve that does not reach to here is as far away as its end.
      const beside = Math.abs(this.frame.x.place(line.curve.x[index]) - this.frame.x.place(x));
      const value = rank(place) + (beside > 20 ? beside : 0);
      if (value < best) [best, found] = [value, line];
    }
    return found;
  }

  /** @param {PointerEvent} event */
  dropped(event) {
    const { drag, frame } = this;
    this.endDrag();
    if (!drag || !frame || frame.empty) return;
    if (Math.abs(drag.to - drag.from) < LEAST_DRAG) {
      if (isTouch(event)) this.pointNear(event); // A finger does not hover: a tap points.
      return;
    }
    const [from, to] = [drag.from, drag.to].sort((a, b) => a - b);
    this.zoom([frame.x.value(from), frame.x.value(to)]);
  }

  endDrag() {
    this.drag = undefined;
    this.mark.hidden = true;
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    this.base.flush(); // A key acts on what the one before it has brought, drawn or not.
    if (!this.frame || this.frame.empty || event.altKey || event.ctrlKey || event.metaKey) return;
    const act = {
      ArrowRight: () => this.step(1),
      ArrowLeft: () => this.step(-1),
      ArrowUp: () => this.change(-1),
      ArrowDown: () => this.change(1),
      Home: () => this.step(-Infinity),
      End: () => this.step(Infinity),
      "+": () => this.scaled(0.5),
      "=": () => this.scaled(0.5),
      "-": () => this.scaled(2),
      Enter: () => this.pointed && this.on.open(this.lines.get(this.pointed.key)),
      Escape: () => this.escape(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  escape() {
    if (this.drag) this.endDrag();
    else if (this.pointed) this.point(undefined);
    else this.zoom(null);
  }

  /** Where the keyboard is: what is pointed at, or else the end of the first line. */
  current() {
    const line = (this.pointed && this.lines.get(this.pointed.key)) ?? this.drawn()[0];
    const x = this.pointed?.x ?? this.frame.x.domain[1];
    return { line, x, index: nearestIndex(line.curve, x) };
  }

  /** @param {number} by so many points */
  step(by) {
    const { line, index } = this.current();
    const last = line.curve.x.length - 1;
    let next = this.pointed ? Math.min(last, Math.max(0, index + by)) : index;
    while (Number.isNaN(line.curve.mean[next]) && next > 0 && next < last) next += Math.sign(by);
    this.point(line.key, line.curve.x[next]);
  }

  /** @param {number} by 1 for the next line below, -1 for the one above */
  change(by) {
    const { line, x, index } = this.current();
    const here = this.frame.y.place(this.values(line.curve)[index]);
    const next = this.pointed && this.nearest(x, (place) => (place - here) * by > 0.01 ? (place - here) * by : Infinity);
    this.point((next ?? line).key, x);
  }

  /** @param {number} factor of the stretch that is shown */
  scaled(factor) {
    const { x } = this.frame;
    const middle = x.place(this.pointed?.x ?? (x.value((x.range[0] + x.range[1]) / 2)));
    const half = ((x.range[1] - x.range[0]) / 2) * factor;
    if (factor > 1 && !this.edges) return;
    this.zoom([x.value(middle - half), x.value(middle + half)]);
  }

  /** Why there may be less to see than somebody expects, in words. */
  remarks() {
    const [lines, drawn] = [this.lines.size, this.drawn()];
    const [nan, infinite] = ["nan", "infinite"].map((kind) => drawn.reduce((sum, { curve }) => sum + curve[kind], 0));
    const hidden = this.look.logY && drawn.some(({ curve }) => (curve.low ?? curve.mean).some((value) => value <= 0));
    return [
      drawn.length < lines && drawn.length > 0 ? `${countText(lines - drawn.length)} of ${countText(lines)} have none here` : "",
      nan ? `${countText(nan)} NaN` : "",
      infinite ? `${countText(infinite)} infinite` : "",
      hidden ? "0 and below have no place on a log axis" : "",
    ].filter(Boolean);
  }
}

/** @param {PointerEvent} event */
function isTouch(event) {
  return event.pointerType === "touch";
}

/**
 * @param {Line[]} lines
 * @param {(curve: Curve) => Float64Array[]} partsOf
 * @param {boolean} positive
 * @param {Edges} [across] only what lies between
 * @returns {Edges | undefined}
 */
function extentOf(lines, partsOf, positive, across) {
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

/**
 * @param {number} place
 * @param {import("./axes.js").Box} box
 */
function bounded(place, box) {
  return Number.isNaN(place) ? box.bottom : place;
}
