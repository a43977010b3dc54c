// The stretches that charts of a page are zoomed to, in its address: `chart-zoom=FROM,TO,CHART` for each.

const NAME = "chart-zoom";
const DIGITS = 12;

/**
 * The stretch that the address says for a chart; null for the whole.
 *
 * @param {string} chart
 * @returns {[number, number] | null}
 */
export function zoomOf(chart) {
  const [from, to] = zooms().find((parts) => nameIn(parts) === chart) ?? [];
  const edges = /** @type {[number, number]} */ ([Number.parseFloat(from), Number.parseFloat(to)]);
  return edges.every(Number.isFinite) && edges[0] < edges[1] ? edges : null;
}

/**
 * Have the address say what a chart is zoomed to.
 *
 * @param {string} chart
 * @param {[number, number] | null} edges
 */
export function keepZoom(chart, edges) {
  const url = new URL(location.href);
  const kept = zooms().filter((parts) => nameIn(parts) !== chart);
  if (edges) kept.push([...edges.map((edge) => String(Number(edge.toPrecision(DIGITS)))), chart]);
  url.searchParams.delete(NAME);
  for (const parts of kept) url.searchParams.append(NAME, parts.join(","));
  history.replaceState(history.state, "", url);
}

function zooms() {
  return new URL(location.href).searchParams.getAll(NAME).map((value) => value.split(","));
}

/** @param {string[]} parts */
function nameIn(parts) {
  return parts.slice(2).join(",");
}
