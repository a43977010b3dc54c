// Numbers as people read them, as `texts.py` has them.

/**
 * A number with so many significant digits.
 *
 * @param {number} value
 * @param {number} [digits]
 */
export function numberText(value, digits = 6) {
  if (Number.isFinite(value)) return String(Number(value.toPrecision(digits)));
  return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
}

/**
 * A whole number, its thousands apart.
 *
 * @param {number} count
 */
export function countText(count) {
  return count.toLocaleString("en");
}

/**
 * A duration in the two greatest units that it has.
 *
 * @param {number} seconds
 */
export function durationText(seconds) {
  if (!Number.isFinite(seconds)) return numberText(seconds);
  if (seconds < 0) return `-${durationText(-seconds)}`;
  if (seconds < 10 && !Number.isInteger(seconds)) return `${numberText(seconds, 2)} s`;
  const whole = Math.round(seconds);
  const [days, hours, minutes] = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60];
  const parts = [[days, "d"], [hours, "h"], [minutes, "min"], [whole % 60, "s"]];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

/**
 * The label of a tick on an axis of durations: all units down to that of the distance between ticks, so that no two
 * are alike.
 *
 * @param {number} seconds
 * @param {number} step
 */
export function durationTickText(seconds, step) {
  if (seconds < 0) return `-${durationTickText(-seconds, step)}`;
  const digits = step < 1 ? Math.min(10, -Math.floor(Math.log10(step) + 1e-9)) : 0;
  let rest = Number(seconds.toFixed(digits));
  const parts = [];
  for (const [size, unit] of /** @type {[number, string][]} */ ([[86400, "d"], [3600, "h"], [60, "min"]])) {
    const count = Math.floor(rest / size);
    if (count) parts.push(`${count} ${unit}`);
    rest -= count * size;
  }
  const whole = Number(rest.toFixed(digits));
  if (whole || !parts.length) parts.push(`${whole} s`);
  return parts.join(" ");
}

/**
 * The label of a tick: as many decimals as the distance between ticks needs.
 *
 * @param {number} value
 * @param {number} step
 */
export function tickText(value, step) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e6 || size < 1e-4) {
    const digits = Math.max(0, Math.floor(Math.log10(size)) - Math.floor(Math.log10(step) + 1e-9));
    return value.toExponential(Math.min(digits, 6)).replace(/\.?0+e/, "e").replace("e+", "e");
  }
  return value.toFixed(Math.min(10, Math.max(0, -Math.floor(Math.log10(step) + 1e-9))));
}
