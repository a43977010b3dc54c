// What a mouse, a finger and the keyboard do with a chart of curves: point, walk along, zoom.

import { nearestIndex } from "./curve_lines.js";

/** @typedef {import("./curve_lines.js").Line} Line */

const LEAST_DRAG = 6;

export class CurveGestures {
  /** @param {import("./curve_chart.js").CurveChart} chart */
  constructor(chart) {
    this.chart = chart;
    this.plot = chart.plot;
    this.drag = undefined;
    this.mark = this.plot.appendChild(Object.assign(document.createElement("div"), { className: "zoom", hidden: true }));
    this.listen();
  }

  /** What is drawn; undefined where there is nothing to point at. Hands act on the newest data, drawn or not. */
  get frame() {
    this.chart.base.flush();
    const { frame } = this.chart;
    return frame?.empty ? undefined : frame;
  }

  listen() {
    const { plot } = this;
    plot.addEventListener("pointermove", (event) => this.moved(event));
    plot.addEventListener("pointerleave", (event) => this.drag || isTouch(event) || this.chart.point(undefined));
    plot.addEventListener("blur", () => this.chart.point(undefined));
    plot.addEventListener("dblclick", () => this.chart.zoom(null));
    plot.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.frame) return;
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
    if (!frame) return;
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
    this.chart.point(this.nearest(x, (place) => Math.abs(place - height))?.key, x);
  }

  /**
   * The line whose point at `x` is best, the least counting as best.
   *
   * @param {number} x
   * @param {(place: number) => number} rank by the height in pixels
   */
  nearest(x, rank) {
    let [best, found] = [Infinity, /** @type {Line | undefined} */ (undefined)];
    for (const line of this.chart.drawn()) {
      const index = nearestIndex(line.curve, x);
      const place = index < 0 ? NaN : this.frame.y.place(this.chart.values(line.curve)[index]);
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
    if (!drag || !frame) return;
    if (Math.abs(drag.to - drag.from) < LEAST_DRAG) {
      if (isTouch(event)) this.pointNear(event); // A finger does not hover: a tap points.
      return;
    }
    const [from, to] = [drag.from, drag.to].sort((a, b) => a - b);
    this.chart.zoom([frame.x.value(from), frame.x.value(to)]);
  }

  endDrag() {
    this.drag = undefined;
    this.mark.hidden = true;
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (!this.frame || event.altKey || event.ctrlKey || event.metaKey) return;
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
      Enter: () => this.chart.openPointed(),
      Escape: () => this.escape(),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  escape() {
    if (this.drag) this.endDrag();
    else if (this.chart.pointed) this.chart.point(undefined);
    else this.chart.zoom(null);
  }

  /** Where the keyboard is: what is pointed at, or else the end of the first line. */
  current() {
    const line = this.chart.pointedLine() ?? this.chart.drawn()[0];
    const x = this.chart.pointed?.x ?? this.frame.x.domain[1];
    return { line, x, index: nearestIndex(line.curve, x) };
  }

  /** @param {number} by so many points */
  step(by) {
    const { line, index } = this.current();
    const last = line.curve.x.length - 1;
    let next = this.chart.pointed || !Number.isFinite(by) ? Math.min(last, Math.max(0, index + by)) : index;
    while (Number.isNaN(line.curve.mean[next]) && next > 0 && next < last) next += Math.sign(by);
    this.chart.point(line.key, line.curve.x[next]);
  }

  /** @param {number} by 1 for the next line below, -1 for the one above */
  change(by) {
    const { line, x, index } = this.current();
    const here = this.frame.y.place(this.chart.values(line.curve)[index]);
    const next = this.chart.pointed && this.nearest(x, (place) => (place - here) * by > 0.01 ? (place - here) * by : Infinity);
    this.chart.point((next ?? line).key, x);
  }

  /**
   * Show another stretch of what there is, around what is pointed at.
   *
   * @param {number} factor of the stretch that is shown
   */
  scaled(factor) {
    const { x } = this.frame;
    const { whole, edges, pointed } = this.chart;
    if (!whole || whole[0] === whole[1] || (factor > 1 && !edges)) return;
    const [first, last] = whole.map((end, side) => (Number.isNaN(x.place(end)) ? x.range[side] : x.place(end)));
    const middle = x.place(pointed?.x ?? x.value((x.range[0] + x.range[1]) / 2));
    const width = (x.range[1] - x.range[0]) * factor;
    const from = Math.max(first, Math.min(middle - width / 2, last - width));
    if (factor > 1 && width >= last - first) this.chart.zoom(null);
    else this.chart.zoom([Math.max(whole[0], x.value(from)), Math.min(whole[1], x.value(from + width))]);
  }
}

/** @param {PointerEvent} event */
function isTouch(event) {
  return event.pointerType === "touch";
}
