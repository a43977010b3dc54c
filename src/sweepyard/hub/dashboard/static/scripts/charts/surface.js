// A canvas that fills its host at the screen's own resolution, and is drawn again when there is reason to: another
// size, other colours, other data. Drawing happens once a frame at most, and only near what is in sight.

/** @typedef {{context: CanvasRenderingContext2D, width: number, height: number}} Sheet in CSS pixels */

export class Surface {
  /**
   * @param {HTMLElement} host has a size of its own (by CSS), so that nothing moves when the canvas comes
   * @param {(sheet: Sheet) => void} draw on an empty sheet
   * @param {() => void} [onSight] called whenever the host comes near what is in sight
   */
  constructor(host, draw, onSight) {
    this.host = host;
    this.draw = draw;
    this.onSight = onSight;
    this.canvas = document.createElement("canvas");
    this.canvas.setAttribute("aria-hidden", "true");
    this.width = this.height = this.frame = 0;
    this.inSight = false;
    this.pending = true;
    host.append(this.canvas);
    this.sizes = new ResizeObserver(() => this.measure());
    this.sizes.observe(host);
    this.sight = new IntersectionObserver(([entry]) => this.seen(entry.isIntersecting), { rootMargin: "200px" });
    this.sight.observe(host);
    this.recoloured = () => this.invalidate();
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.dark.addEventListener("change", this.recoloured);
    document.addEventListener("themechange", this.recoloured);
  }

  /** Draw again, with the next frame. */
  invalidate() {
    this.pending = true;
    if (this.inSight && !this.frame) this.frame = requestAnimationFrame(() => this.paint());
  }

  /** Draw at once what waits for the next frame. */
  flush() {
    if (!this.frame) return;
    cancelAnimationFrame(this.frame);
    this.paint();
  }

  /** Let go of the host. */
  close() {
    cancelAnimationFrame(this.frame);
    this.sizes.disconnect();
    this.sight.disconnect();
    this.dark.removeEventListener("change", this.recoloured);
    document.removeEventListener("themechange", this.recoloured);
    this.canvas.remove();
  }

  /** @param {boolean} inSight */
  seen(inSight) {
    this.inSight = inSight;
    if (!inSight) return;
    if (this.pending) this.invalidate();
    this.onSight?.();
  }

  measure() {
    const { clientWidth, clientHeight } = this.host;
    if (clientWidth === this.width && clientHeight === this.height) return;
    [this.width, this.height] = [clientWidth, clientHeight];
    this.invalidate();
  }

  paint() {
    this.frame = 0;
    this.pending = false;
    const { canvas, width, height } = this;
    if (!width || !height) return;
    const ratio = Math.max(1, devicePixelRatio);
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.save();
    this.draw({ context, width, height });
    context.restore();
  }
}
