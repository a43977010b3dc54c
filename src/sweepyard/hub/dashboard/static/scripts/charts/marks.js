// The colours of curves beside the names of what they are of, in tables and lists of the page, while they are drawn.

import { colourName } from "./palette.js";

// Rules of its own, not attributes: what they are about is the hub's, and comes anew.
const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

/** @param {Iterable<import("./curve_lines.js").Line>} lines all that are drawn */
export function mark(lines) {
  const colours = new Map([...lines].map(({ key, colour }) => [key, colour]));
  const rules = [...colours].map(
    ([key, colour]) => `[data-key="${CSS.escape(key)}"] .of-curve::before { background: var(${colourName(colour)}); }`,
  );
  sheet.replaceSync(rules.join("\n"));
}
