// Colours of runs and groups: eight that people with any colour vision tell apart (`--curve-1` to `--curve-8` in
// tokens.css, for light and dark), and the same run has the same one on every page, as long as two of those shown
// together do not want the same.

export const COLOURS = 8;

/** @type {Map<string, number>} */
const given = new Map();

/**
 * The number of the colour of each of these, from 1 to `COLOURS`; what has a colour keeps it while the page stands.
 *
 * @param {string[]} keys ids of runs, or other names
 * @returns {Map<string, number>}
 */
export function coloursOf(keys) {
  const uses = new Array(COLOURS).fill(0);
  for (const key of keys) if (given.has(key)) uses[given.get(key) - 1] += 1;
  for (const key of keys) {
    if (given.has(key)) continue;
    const wanted = hash(key) % COLOURS;
    const least = Math.min(...uses);
    let place = wanted;
    while (uses[place] > least) place = (place + 1) % COLOURS;
    uses[place] += 1;
    given.set(key, place + 1);
  }
  return new Map(keys.map((key) => [key, given.get(key) ?? 1]));
}

/**
 * The name of the CSS custom property of a colour.
 *
 * @param {number} number
 */
export function colourName(number) {
  return `--curve-${number}`;
}

/**
 * Custom properties of colours as the page has them now: a canvas knows neither `var()` nor `light-dark()`.
 *
 * @template {string} Name
 * @param {Element} host an element in the page
 * @param {Name[]} names
 * @returns {Record<Name, string>}
 */
export function resolved(host, names) {
  const probe = document.createElement("span");
  probe.hidden = true;
  host.append(probe);
  const found = names.map((name) => {
    probe.style.color = `var(${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(found);
}

/** @param {string} text */
function hash(text) {
  let value = 0x811c9dc5;
  for (const letter of text) {
    value ^= letter.codePointAt(0) ?? 0;
    value = Math.imul(value, 0x01000193) >>> 0;
  }
  return value;
}
