// A chart of points, one a run: pointed at with the mouse or gone through with the keyboard, each leads to its run.

import { axisStyle, drawAxes, FONT_SIZE, labelWidth } from "./axes.js";
import { resolved } from "./palette.js";
import { Surface } from "./surface.js";

/** @typedef {import("./scales.js").Scale} Scale */
/**
 * @typedef {object} Mark
 * @property {string} id of the run
 * @property {string} name
 * @property {string} said what the chart says when it is pointed at, behind the name
 * @property {number} x
 * @property {number} y
 * @property {string} colour or the name of a custom property of the page that has one
 * @property {boolean} [faint] there, but not what is looked at
 */

/**
 * @typedef {object} Picture
 * @property {Mark[]} marks
 * @property {(range: [number, number]) => Scale} x
 * @property {(range: [number, number]) => Scale} y
 * @property {string} xLabel
 * @property {string} yLabel
 * @property {string} blank what it says where there are no marks
 * @property {(context: CanvasRenderingContext2D, x: Scale, y: Scale, paint: (colour: string) => string) => void} [under] drawn before the marks
 */

const REACH = 24; // How near, in pixels, the mouse has to come.
const RADIUS = 3;

export class PointsChart {
  /**
   * @param {HTMLElement} host
   * @param {HTMLElement} line where the chart says what is pointed at
   * @param {(id: string) => string} urlOf the address of a run
   */
  constructor(host, line, urlOf) {
    this.host = host;
    this.line = line;
    this.urlOf = urlOf;
    /** @type {Picture | undefined} */
    this.picture = undefined;
    this.near = -1;
    /** @type {{x: number, y: number}[]} */
    this.spots = [];
    this.blank = Object.assign(document.createElement("p"), { className: "blank", hidden: true });
    host.append(this.blank);
    this.surface = new Surface(host, (sheet) => this.draw(sheet));
    host.addEventListener("pointermove", (event) => this.pointAt(event));
    host.addEventListener("pointerleave", () => document.activeElement !== host && this.choose(-1));
    host.addEventListener("click", () => this.open());
    host.addEventListener("keydown", (event) => this.press(event));
    host.addEventListener("blur", () => this.choose(-1));
  }

  /** @param {Picture} picture */
  show(picture) {
    const id = this.picture?.marks[this.near]?.id;
    this.picture = picture;
    picture.marks.sort((left, right) => left.x - right.x);
    this.near = id === undefined ? -1 : picture.marks.findIndex((mark) => mark.id === id);
    this.blank.hidden = picture.marks.length > 0;
    this.blank.textContent = picture.blank;
    this.surface.invalidate();
  }

  /** @param {import("./surface.js").Sheet} sheet */
  draw({ context, width, height }) {
    if (!this.picture?.marks.length) return;
    const { marks, xLabel, yLabel } = this.picture;
    const style = axisStyle(this.host);
    const box = { left: 0, top: FONT_SIZE + 8, right: width - 8, bottom: height - 2 * FONT_SIZE - 14 };
    const y = this.picture.y([box.bottom, box.top]);
    box.left = Math.min(width / 3, labelWidth(context, style, y.ticks(Math.max(2, Math.floor((box.bottom - box.top) / 38)))));
    const x = this.picture.x([box.left, box.right]);
    drawAxes(context, style, box, x, y);
    context.font = style.font;
    context.fillStyle = style["--faint"];
    context.textBaseline = "alphabetic";
    context.fillText(fitted(context, yLabel, box.right), 0, FONT_SIZE - 1);
    const below = fitted(context, xLabel, box.right - box.left);
    context.fillText(below, box.right - context.measureText(below).width, height - 2);
    const paint = painting(this.host);
    this.picture.under?.(context, x, y, paint);
    this.spots = marks.map((mark) => ({ x: x.place(mark.x), y: y.place(mark.y) }));
    marks.forEach((mark, index) => {
      context.globalAlpha = mark.faint ? 0.15 : 0.75;
      context.fillStyle = paint(mark.colour);
      disc(context, this.spots[index], RADIUS);
      context.fill();
    });
    context.globalAlpha = 1;
    const near = this.spots[this.near];
    if (near) {
      context.strokeStyle = style["--ink"];
      context.lineWidth = 2;
      disc(context, near, RADIUS + 3);
      context.stroke();
    }
  }

  /** @param {PointerEvent} event */
  pointAt(event) {
    const { left, top } = this.host.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    let [best, nearest] = [REACH ** 2, -1];
    this.spots.forEach((spot, index) => {
      const distance = (spot.x - x) ** 2 + (spot.y - y) ** 2;
      const worth = this.picture?.marks[index].faint ? distance * 9 : distance;
      if (worth < best) [best, nearest] = [worth, index];
    });
    this.choose(nearest);
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const last = (this.picture?.marks.length ?? 0) - 1;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (last < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    if (step) this.choose(this.near < 0 ? (step > 0 ? 0 : last) : Math.min(last, Math.max(0, this.near + step)));
    else if (event.key === "Home" || event.key === "End") this.choose(event.key === "Home" ? 0 : last);
    else if (event.key === "Enter") this.open();
    else if (event.key === "Escape") this.choose(-1);
    else return;
    event.preventDefault();
  }

  /** @param {number} index */
  choose(index) {
    if (index === this.near) return;
    this.near = index;
    this.host.style.cursor = index < 0 ? "" : "pointer";
    const mark = this.picture?.marks[index];
    say(this.line, mark && { name: mark.name, url: this.urlOf(mark.id), said: mark.said });
    this.surface.invalidate();
  }

  open() {
    const mark = this.picture?.marks[this.near];
    if (mark) location.assign(this.urlOf(mark.id));
  }
}

/**
 * Say which run is meant, and what is to be said of it.
 *
 * @param {HTMLElement} line
 * @param {{name: string, url: string, said: string} | undefined} what
 */
export function say(line, what) {
  if (!what) {
    line.replaceChildren();
    return;
  }
  const link = Object.assign(document.createElement("a"), { href: what.url, tabIndex: -1 });
  link.append(Object.assign(document.createElement("bdi"), { textContent: what.name }));
  line.replaceChildren(link, Object.assign(document.createElement("bdi"), { textContent: `  ${what.said}` }));
}

/**
 * A text cut to a width.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {number} width
 */
export function fitted(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let end = text.length;
  while (end > 1 && context.measureText(`${text.slice(0, end)}…`).width > width) end = Math.floor(end * 0.9);
  return `${text.slice(0, end)}…`;
}

/**
 * Colours, the page's own ones as it has them now.
 *
 * @param {Element} host
 * @returns {(colour: string) => string}
 */
function painting(host) {
  /** @type {Map<string, string>} */
  const known = new Map();
  return (colour) => {
    if (!colour.startsWith("--")) return colour;
    const found = known.get(colour) ?? resolved(host, [colour])[colour];
    known.set(colour, found);
    return found;
  };
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {{x: number, y: number}} spot
 * @param {number} radius
 */
function disc(context, { x, y }, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
}
