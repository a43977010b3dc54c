// Smoothing of curves.

const RESOLUTION = 1000; // The weight is that of a point a thousandth of the axis before.

/**
 * The exponential moving average of a curve. It knows how far points lie apart, so it does not depend on how many there
 * are; and it is debiased: what is missing before the first point counts for nothing, instead of as zeros.
 *
 * @param {Float64Array} x never falling
 * @param {Float64Array} y NaN where the curve is cut
 * @param {number} weight of what came before, from 0 (none) to below 1
 * @param {number} length of the whole axis
 * @returns {Float64Array}
 */
export function smoothed(x, y, weight, length) {
  if (weight <= 0 || !(length > 0)) return y;
  const decay = Math.sqrt(weight);
  const result = new Float64Array(y.length).fill(NaN);
  let [sum, total, last] = [0, 0, x[0]];
  for (let index = 0; index < y.length; index += 1) {
    if (Number.isNaN(y[index])) continue;
    const kept = decay ** (((x[index] - last) / length) * RESOLUTION);
    total = total * kept + 1;
    sum += (y[index] - sum) / total; // the running mean itself, so that no sum leaves the floats' range
    result[index] = sum;
    last = x[index];
  }
  return result;
}
