// Charts of curves of the same runs: they ask the hub together, and only what they need.

import { CurvePanel } from "./curve_panel.js";
import { keepZoom } from "./zooms.js";
import { FetchFailed, fetchOwn, missed } from "../live.js";

/** @typedef {import("./curve_panel.js").Source} Source */

export class CurveSet {
  /**
   * @param {HTMLElement} grid holds the figures
   * @param {Source} source
   */
  constructor(grid, source) {
    this.grid = grid;
    this.source = source;
    /** @type {Map<HTMLElement, CurvePanel>} */
    this.panels = new Map();
    this.updating = Promise.resolve();
    /** What the hub said last of the runs that it sent. */
    this.note = "";
    this.sync();
  }

  /** The figures are the page's; each has a panel. */
  sync() {
    const figures = [...this.grid.querySelectorAll("figure[data-chart=curves]")].filter((each) => each instanceof HTMLElement);
    for (const [figure, panel] of this.panels) {
      if (figures.includes(figure)) continue;
      panel.close();
      keepZoom(panel.name, null);
      this.panels.delete(figure);
    }
    for (const figure of figures) {
      if (!this.panels.has(figure)) this.panels.set(figure, new CurvePanel(figure, this.source, () => this.update()));
    }
  }

  /** The metrics of the charts. */
  metrics() {
    return [...this.panels.values()].map(({ metric }) => metric);
  }

  /**
   * Bring all charts that are near what is in sight up to date: those that ask the same in one request.
   *
   * @param {{all?: boolean}} [how] `all`: those too that have what they asked for, since something has happened
   */
  update({ all = false } = {}) {
    this.updating = this.updating.then(() => this.ask(all)).catch((error) => this.failed(error));
    return this.updating;
  }

  /** Show the stretches that the address says. */
  follow() {
    for (const panel of this.panels.values()) panel.follow();
  }

  restyle() {
    for (const panel of this.panels.values()) panel.restyle();
  }

  close() {
    for (const panel of this.panels.values()) panel.close();
  }

  /** @param {boolean} all */
  async ask(all) {
    await new Promise((resolve) => setTimeout(resolve)); // so that charts that come in sight together ask together
    const problem = this.source.problem();
    if (problem) {
      for (const panel of this.panels.values()) panel.blank(problem);
      this.source.say("");
      this.source.drew?.([]);
      return;
    }
    /** @type {Map<string, CurvePanel[]>} */
    const alike = new Map();
    for (const panel of this.panels.values()) {
      const question = panel.ask();
      if (all) panel.due = true;
      if (!panel.isNear() || (!panel.due && question === panel.question)) continue;
      const key = `${question}&have=${question === panel.question ? panel.known() : ""}`;
      alike.set(key, [...(alike.get(key) ?? []), panel]);
    }
    await Promise.all([...alike].map(([key, asking]) => this.fill(key, asking)));
    this.source.say(this.note);
    this.source.drew?.([...this.panels.values()].flatMap((panel) => panel.chart.drawn()));
  }

  /**
   * @param {string} key
   * @param {CurvePanel[]} asking
   */
  async fill(key, asking) {
    const questions = asking.map((panel) => panel.ask());
    const wanted = asking.map(({ metric }) => `metric=${encodeURIComponent(metric)}`).join("&");
    const answer = await (await fetchOwn(`${this.source.dataUrl}?${wanted}&${key}`)).json();
    asking.forEach((panel, index) => {
      if (panel.ask() !== questions[index]) return; // The reader has gone on meanwhile; another request is on its way.
      panel.question = questions[index];
      panel.due = false;
      panel.take(answer, !key.endsWith("have="));
    });
    this.note = answer.note;
  }

  /** @param {unknown} error */
  failed(error) {
    missed(error);
    if (error instanceof FetchFailed) this.source.say(error.message);
  }
}
