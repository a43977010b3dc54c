// Parallel coordinates: an axis a column, a line a run; what is brushed on the axes stays, the rest fades.

import { axisStyle, FONT_SIZE } from "./axes.js";
import { scaleOf, textOf } from "./columns.js";
import { fitted, say } from "./points_chart.js";
import { Surface } from "./surface.js";

/** @typedef {import("./columns.js").Column} Column */
/** @typedef {{low: number, high: number}} Span in a column's own values; of categories, between places */
/** @typedef {{column: Column, x: number, scale: import("./scales.js").Scale, ys: number[]}} Axis */

const LEAST_APART = 84;
const HALF_GRIP = 9; // Half of a brush's width, in pixels.
const MOST_LEFT = 30; // So far a name may begin before its axis.
const REACH = 8;
const ALPHA_OF_FEW = 0.7;
const STEP = 0.05; // By which share of an axis a key moves a brush.

export class Parallel {
  /**
   * @param {HTMLElement} host
   * @param {HTMLElement} line where the chart says what is pointed at
   * @param {(id: string) => string} urlOf the address of a run
   * @param {(spans: Map<string, Span>, done: boolean) => void} onBrush by the columns' names; `done` once the reader
   *   lets go
   */
  constructor(host, line, urlOf, onBrush) {
    this.host = host;
    this.line = line;
    this.urlOf = urlOf;
    this.onBrush = onBrush;
    /** @type {import("./columns.js").Points | undefined} */
    this.points = undefined;
    /** @type {Map<string, Span>} */
    this.spans = new Map();
    /** @type {Axis[]} */
    this.axes = [];
    this.passes = (/** @type {number} */ _run) => true;
    this.colourOf = (/** @type {number} */ _run) => "";
    this.chosen = 0;
    this.written = 0; // So far names of axes reach.
    this.near = -1;
    /** @type {{axis: Axis, from: number, grabbed?: Span, moved: boolean} | undefined} */
    this.drag = undefined;
    this.blank = Object.assign(document.createElement("p"), { className: "blank", hidden: true });
    this.inner = document.createElement("div");
    this.inner.className = "inner";
    host.append(this.blank, this.inner);
    this.surface = new Surface(this.inner, (sheet) => this.draw(sheet));
    this.inner.addEventListener("pointerdown", (event) => this.grab(event));
    this.inner.addEventListener("pointermove", (event) => (this.drag ? this.pull(event) : this.pointAt(event)));
    this.inner.addEventListener("pointerup", (event) => (this.drag ? this.letGo() : this.pointAt(event)));
    this.inner.addEventListener("pointercancel", () => this.letGo(true));
    this.inner.addEventListener("pointerleave", (event) => event.pointerType === "touch" || this.choose(-1));
    // A finger on an axis brushes; anywhere else it scrolls.
    this.inner.addEventListener("touchstart", (event) => this.holds(event), { passive: false });
    host.addEventListener("keydown", (event) => this.press(event));
    for (const name of ["focus", "blur"]) host.addEventListener(name, () => this.surface.invalidate());
  }

  /**
   * @param {import("./columns.js").Points} points
   * @param {Column[]} columns an axis each
   * @param {Map<string, Span>} spans what is brushed
   * @param {(run: number) => boolean} passes whether a run is within what is brushed
   * @param {(run: number) => string} colourOf
   * @param {string} blank what it says where there is nothing to draw
   */
  show(points, columns, spans, passes, colourOf, blank) {
    Object.assign(this, { points, passes, colourOf });
    this.columns = columns;
    if (!this.drag) this.spans = spans;
    this.chosen = Math.min(this.chosen, Math.max(0, columns.length - 1));
    this.blank.hidden = Boolean(points.shown && columns.length);
    this.blank.textContent = blank;
    this.inner.style.minWidth = `${columns.length * LEAST_APART}px`;
    this.surface.invalidate();
  }

  /** @param {import("./surface.js").Sheet} sheet */
  draw({ context, width, height }) {
    const { points, columns } = this;
    if (!points?.shown || !columns?.length) return;
    const style = axisStyle(this.host);
    const box = { left: 36, top: 2 * FONT_SIZE + 8, right: width - 64, bottom: height - 2 * FONT_SIZE - 8 };
    this.lay(points.shown, columns, box, height - FONT_SIZE);
    const order = Array.from({ length: points.shown }, (_, run) => run);
    const inside = order.filter((run) => this.passes(run));
    context.lineJoin = "round";
    context.lineWidth = 1;
    if (inside.length < order.length) {
      context.globalAlpha = 0.12;
      context.strokeStyle = style["--faint"];
      for (const run of order) if (!this.passes(run)) this.trace(context, run);
    }
    context.globalAlpha = Math.max(0.25, Math.min(ALPHA_OF_FEW, 60 / Math.max(1, inside.length)));
    context.lineWidth = 1.25;
    for (const run of inside) {
      context.strokeStyle = this.colourOf(run);
      this.trace(context, run);
    }
    context.globalAlpha = 1;
    if (this.near >= 0) {
      context.lineWidth = 3;
      context.strokeStyle = style["--ink"];
      this.trace(context, this.near);
    }
    this.written = 0;
    this.axes.forEach((axis, index) => this.drawAxis(context, style, box, axis, index, { width, height }));
  }

  /**
   * Where the axes are, and where each run crosses them.
   *
   * @param {number} count
   * @param {Column[]} columns
   * @param {import("./axes.js").Box} box
   * @param {number} notch where runs without a value go
   */
  lay(count, columns, box, notch) {
    const apart = columns.length > 1 ? (box.right - box.left) / (columns.length - 1) : 0;
    this.axes = columns.map((column, index) => {
      const scale = scaleOf(column, [box.bottom, box.top], 0);
      const ys = column.values.slice(0, count).map((value) => (value === null ? notch : scale.place(value)));
      return { column, scale, ys, x: box.left + index * apart };
    });
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} run
   */
  trace(context, run) {
    context.beginPath();
    for (const { x, ys } of this.axes) context.lineTo(x, ys[run]);
    if (this.axes.length === 1) context.lineTo(this.axes[0].x + 12, this.axes[0].ys[run]);
    context.stroke();
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {ReturnType<typeof axisStyle>} style
   * @param {import("./axes.js").Box} box
   * @param {Axis} axis
   * @param {number} index
   * @param {{width: number, height: number}} sheet
   */
  drawAxis(context, style, box, axis, index, { width, height }) {
    const { column, scale, x } = axis;
    const isChosen = document.activeElement === this.host && index === this.chosen;
    const room = this.axes.length > 1 ? this.axes[1].x - this.axes[0].x - 12 : box.right - box.left;
    context.strokeStyle = isChosen ? style["--ink"] : style["--edge"];
    context.lineWidth = isChosen ? 3 : 1;
    context.beginPath();
    context.moveTo(x, box.top);
    context.lineTo(x, box.bottom);
    context.stroke();
    const span = this.spans.get(column.name);
    if (span) {
      const [from, to] = [scale.place(span.high), scale.place(span.low)];
      context.fillStyle = style["--ink"];
      context.globalAlpha = 0.18;
      context.fillRect(x - HALF_GRIP, from, 2 * HALF_GRIP, to - from);
      context.globalAlpha = 1;
      context.strokeStyle = style["--ink"];
      context.lineWidth = 1.5;
      context.strokeRect(x - HALF_GRIP, from, 2 * HALF_GRIP, to - from);
    }
    context.font = style.font;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.lineWidth = 3;
    context.lineJoin = "round";
    context.strokeStyle = style["--surface"];
    const write = (/** @type {string} */ text, /** @type {number} */ left, /** @type {number} */ y, /** @type {string} */ colour) => {
      context.strokeText(text, left, y);
      context.fillStyle = colour;
      context.fillText(text, left, y);
    };
    for (const { value, label } of scale.ticks(Math.max(2, Math.floor((box.bottom - box.top) / 34)))) {
      write(fitted(context, label, Math.min(Math.max(30, room - 12), width - x - 6)), x + 6, scale.place(value), style["--ink"]);
    }
    if (column.values.includes(null)) write("none", x + 6, height - FONT_SIZE, style["--faint"]);
    context.font = `600 ${style.font}`;
    const wide = context.measureText(column.label).width;
    const isLast = index === this.axes.length - 1;
    let left = Math.max(0, x - Math.min(MOST_LEFT, wide / 2));
    // The last name may begin behind the one before it, so that its end is in sight.
    if (isLast) left = Math.max(Math.min(left, width - wide), Math.min(left, this.written));
    const title = fitted(context, column.label, isLast ? width - left : Math.max(40, room));
    this.written = left + context.measureText(title).width + 12;
    write(title, left, FONT_SIZE, isChosen ? style["--ink"] : style["--faint"]);
  }

  /** @param {{clientX: number, clientY: number}} event */
  place(event) {
    const { left, top } = this.inner.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  /** @param {PointerEvent} event */
  grab(event) {
    const { x, y } = this.place(event);
    const axis = this.axisAt(x);
    if (!axis || event.button) return;
    this.inner.setPointerCapture(event.pointerId);
    this.chosen = this.axes.indexOf(axis);
    const span = this.spans.get(axis.column.name);
    const isWithin = span && y >= axis.scale.place(span.high) && y <= axis.scale.place(span.low);
    this.drag = { axis, from: y, grabbed: isWithin ? span : undefined, moved: false };
  }

  /** @param {PointerEvent} event */
  pull(event) {
    if (!this.drag) return;
    const { axis, from, grabbed } = this.drag;
    const [bottom, top] = axis.scale.range;
    const y = Math.min(bottom, Math.max(top, this.place(event).y));
    if (Math.abs(y - from) < 3 && !this.drag.moved) return;
    this.drag.moved = true;
    if (grabbed) {
      const [low, high] = [axis.scale.place(grabbed.low), axis.scale.place(grabbed.high)];
      const by = Math.min(bottom - low, Math.max(top - high, y - from));
      this.brush(axis, low + by, high + by, false);
    } else this.brush(axis, Math.max(from, y), Math.min(from, y), false);
  }

  /** @param {TouchEvent} event */
  holds(event) {
    if (event.touches.length === 1 && this.axisAt(this.place(event.touches[0]).x)) event.preventDefault();
  }

  /** @param {number} x */
  axisAt(x) {
    return this.axes.find((axis) => Math.abs(axis.x - x) <= 2 * HALF_GRIP);
  }

  /** @param {boolean} [broken] whether it was not the reader who let go */
  letGo(broken = false) {
    const drag = this.drag;
    this.drag = undefined;
    if (!drag) return;
    if (!drag.moved && !broken) this.spans.delete(drag.axis.column.name);
    this.onBrush(this.spans, true);
    this.surface.invalidate();
  }

  /**
   * @param {Axis} axis
   * @param {number} lower the lower end, in pixels
   * @param {number} upper
   * @param {boolean} done
   */
  brush(axis, lower, upper, done) {
    const [low, high] = [axis.scale.value(lower), axis.scale.value(upper)];
    this.spans = new Map(this.spans).set(axis.column.name, rounded(axis, low, high));
    this.onBrush(this.spans, done);
    this.surface.invalidate();
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const axis = this.axes[this.chosen];
    if (!axis || event.altKey || event.ctrlKey || event.metaKey) return;
    const span = this.spans.get(axis.column.name);
    const across = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const up = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (across) this.chosen = Math.min(this.axes.length - 1, Math.max(0, this.chosen + across));
    else if (event.key === "Enter" && !span) {
      const [bottom, top] = axis.scale.range;
      this.brush(axis, bottom + (top - bottom) / 4, top - (top - bottom) / 4, true);
    } else if (up && span) this.nudge(axis, span, up, event.shiftKey);
    else if (event.key === "Delete" || event.key === "Backspace") this.clear([axis.column.name]);
    else if (event.key === "Escape" && this.spans.size) this.clear([...this.spans.keys()]);
    else return;
    event.preventDefault();
    this.surface.invalidate();
    this.tell(this.axes[this.chosen]);
  }

  /**
   * @param {Axis} axis
   * @param {Span} span
   * @param {number} direction -1 for up
   * @param {boolean} widens
   */
  nudge(axis, span, direction, widens) {
    const [bottom, top] = axis.scale.range;
    const size = axis.column.categories ? (bottom - top) / axis.column.categories.length : (bottom - top) * STEP;
    const [low, high] = [axis.scale.place(span.low), axis.scale.place(span.high)];
    if (widens) {
      const grown = direction < 0 ? Math.max(top, high - size) : Math.min(low - Math.min(size, low - high), high + size);
      this.brush(axis, low, grown, true);
      return;
    }
    const by = Math.min(bottom - low, Math.max(top - high, direction * size));
    this.brush(axis, low + by, high + by, true);
  }

  /** @param {string[]} names */
  clear(names) {
    this.spans = new Map([...this.spans].filter(([name]) => !names.includes(name)));
    this.onBrush(this.spans, true);
    this.surface.invalidate();
  }

  /**
   * Say what is brushed on an axis.
   *
   * @param {Axis} axis
   */
  tell(axis) {
    const span = this.spans.get(axis.column.name);
    const { label } = axis.column;
    this.line.textContent = span ? `${label}: ${spanText(axis.column, span)}` : `${label}: not brushed; Enter brushes its middle`;
  }

  /** @param {PointerEvent} event */
  pointAt(event) {
    const { x, y } = this.place(event);
    const nearAxis = this.axisAt(x);
    this.inner.style.cursor = nearAxis ? "ns-resize" : "default";
    this.inner.title = nearAxis?.column.label ?? "";
    const behind = this.axes.findIndex((axis) => axis.x > x);
    if (behind < 1 || nearAxis) return this.choose(-1);
    const [left, right] = [this.axes[behind - 1], this.axes[behind]];
    const part = (x - left.x) / (right.x - left.x);
    let [best, nearest] = [REACH, -1];
    for (let run = 0; run < left.ys.length; run += 1) {
      const distance = Math.abs(left.ys[run] * (1 - part) + right.ys[run] * part - y);
      if (distance < best && this.passes(run)) [best, nearest] = [distance, run];
    }
    return this.choose(nearest);
  }

  /** @param {number} run */
  choose(run) {
    if (run === this.near || !this.points) return;
    this.near = run;
    const { ids, names } = this.points;
    const said = this.axes.map(({ column }) => `${column.label} ${textOf(column, column.values[run] ?? null)}`).join(", ");
    say(this.line, run < 0 ? undefined : { name: names[run], url: this.urlOf(ids[run]), said });
    this.surface.invalidate();
  }
}

/**
 * What a span of a column says.
 *
 * @param {Column} column
 * @param {Span} span
 */
export function spanText(column, span) {
  if (!column.categories) return `${textOf(column, span.low)} to ${textOf(column, span.high)}`;
  const within = column.categories.filter((_, place) => place >= span.low && place <= span.high);
  return within.map(({ label }) => label).join(", ") || "nothing";
}

/**
 * A span whose ends a filter can say with few digits; of categories, one that takes them whole.
 *
 * @param {Axis} axis
 * @param {number} low
 * @param {number} high
 * @returns {Span}
 */
function rounded(axis, low, high) {
  if (axis.column.categories) {
    const [first, last] = [Math.max(0, Math.ceil(low)), Math.min(axis.column.categories.length - 1, Math.floor(high))];
    const middle = Math.round((low + high) / 2);
    return { low: Math.min(first, middle) - 0.5, high: Math.max(last, middle) + 0.5 };
  }
  return { low: Number(low.toPrecision(4)), high: Number(high.toPrecision(4)) };
}
