// What is brushed on the axes of a chart, as a part of the filter of the table of runs: so the address has it, and the
// table shows what is brushed.
//
// The brush stands at the end of the filter, behind what a person wrote: `(model = mlp) and config.lr >= 0.01 and
// config.lr <= 0.1 and config.size in (32, 64)`.

/** @typedef {{low: number, high: number}} Span of numbers, both ends included */
/** @typedef {{literals: string[]}} Chosen categories, as a filter writes them */
/** @typedef {Map<string, Span | Chosen>} Brushes by the names of columns as a filter writes them */

const NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`;
const TEXT = String.raw`"(?:[^"\\]|\\.)*"`;
const LITERAL = String.raw`(?:${TEXT}|true|false|${NUMBER})`;
const LIST = new RegExp(String.raw`^ in \((${LITERAL}(?:, ${LITERAL})*)\)$`);
const SPAN = new RegExp(String.raw`^ >= (${NUMBER})$|^ <= (${NUMBER})$`);

/**
 * The filter's own part, and what is brushed.
 *
 * @param {string} filter
 * @param {string[]} names of the columns that may be brushed, as a filter writes them
 * @returns {{base: string, brushes: Brushes}}
 */
export function readBrushes(filter, names) {
  const parts = splitAtAnd(filter);
  /** @type {Brushes} */
  const brushes = new Map();
  let kept = parts.length;
  while (kept > 0 && take(parts[kept - 1], names, brushes)) kept -= 1;
  const base = parts.slice(0, kept).join(" and ");
  const complete = [...brushes.values()].every((brush) => !("low" in brush) || (brush.low > -Infinity && brush.high < Infinity));
  // `a or b and lr >= 1` means something else than `(a or b) and lr >= 1`.
  if (!complete || (kept > 1 && /\bor\b/i.test(base)) || (kept === 1 && !isEnclosed(base) && /\bor\b/i.test(base))) {
    return { base: filter, brushes: new Map() };
  }
  return { base: kept === 1 && brushes.size && isEnclosed(base) ? base.slice(1, -1) : base, brushes };
}

/**
 * The filter of a table that shows what is brushed.
 *
 * @param {string} base
 * @param {Brushes} brushes
 */
export function writeBrushes(base, brushes) {
  const parts = [];
  for (const [name, brush] of brushes) {
    if ("literals" in brush) parts.push(`${name} in (${brush.literals.join(", ")})`);
    else parts.push(`${name} >= ${brush.low}`, `${name} <= ${brush.high}`);
  }
  if (!base || !parts.length) return base || parts.join(" and ");
  return [`(${base})`, ...parts].join(" and ");
}

/**
 * @param {string} part
 * @param {string[]} names
 * @param {Brushes} brushes
 */
function take(part, names, brushes) {
  const name = names.find((each) => part.startsWith(`${each} `));
  if (name === undefined) return false;
  const rest = part.slice(name.length);
  const list = LIST.exec(rest);
  if (list && !brushes.has(name)) {
    brushes.set(name, { literals: list[1].match(new RegExp(LITERAL, "g")) ?? [] });
    return true;
  }
  const bound = SPAN.exec(rest);
  const before = brushes.get(name) ?? { low: -Infinity, high: Infinity };
  if (!bound || !("low" in before)) return false;
  const [low, high] = [Number(bound[1] ?? before.low), Number(bound[2] ?? before.high)];
  if ((bound[1] !== undefined && before.low > -Infinity) || (bound[2] !== undefined && before.high < Infinity)) return false;
  brushes.set(name, { low, high });
  return true;
}

/**
 * The parts of a filter that `and` joins, outside parentheses and texts.
 *
 * @param {string} filter
 */
function splitAtAnd(filter) {
  const parts = [];
  let [depth, begin] = [0, 0];
  const token = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[()]| and /gi;
  for (let match = token.exec(filter); match; match = token.exec(filter)) {
    if (match[0] === "(") depth += 1;
    else if (match[0] === ")") depth -= 1;
    else if (depth === 0 && match[0].toLowerCase() === " and ") {
      parts.push(filter.slice(begin, match.index));
      begin = match.index + match[0].length;
    }
  }
  return filter ? [...parts, filter.slice(begin)] : [];
}

/**
 * Whether the first parenthesis is closed by the last one.
 *
 * @param {string} text
 */
function isEnclosed(text) {
  if (!text.startsWith("(") || !text.endsWith(")")) return false;
  let depth = 0;
  const token = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[()]/g;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    if (match[0] === "(") depth += 1;
    else if (match[0] === ")") depth -= 1;
    if (depth === 0) return match.index === text.length - 1;
  }
  return false;
}
