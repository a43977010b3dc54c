// The figures of a sweep's page: what a chart finds in the page.

import { PointsChart } from "./points_chart.js";
import { fetchOwn } from "../live.js";

const page = document.getElementById("runs")?.dataset.path ?? "";
const project = page.replace(/\/sweeps\/[^/]*$/, "");

/**
 * The address of a run's page.
 *
 * @param {string} id
 */
export function urlOf(id) {
  return `${project}/runs/${encodeURIComponent(id)}`;
}

/**
 * @param {string} kind
 */
export function figureOf(kind) {
  return /** @type {HTMLElement | null} */ (document.querySelector(`[data-chart="${kind}"]`));
}

/**
 * What a figure has, whatever it is.
 *
 * @param {HTMLElement} figure
 * @param {string} selector
 * @returns {any}
 */
export function part(figure, selector) {
  return figure.querySelector(selector);
}

/**
 * A chart of points in the figure of this kind; undefined where the page has none.
 *
 * @param {string} kind
 */
export function pointsChart(kind) {
  const figure = figureOf(kind);
  return figure ? { figure, chart: new PointsChart(part(figure, "[data-plot]"), part(figure, "[data-said]"), urlOf) } : undefined;
}

/**
 * Say something beside a figure's heading.
 *
 * @param {HTMLElement} figure
 * @param {string[]} said what is empty is left out
 */
export function note(figure, ...said) {
  const text = said.filter(Boolean).join(" · ");
  const place = part(figure, "[data-note]");
  if (place.textContent !== text) place.textContent = text;
}

/**
 * The data at an address.
 *
 * @param {string} url
 */
export async function jsonOf(url) {
  return (await fetchOwn(url)).json();
}
