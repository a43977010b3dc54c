// Bringing a part of the page to what the hub says now, touching only what differs: focus, selection, scroll and
// open menus stay.

/**
 * Make `from` look like `to`. Children with an `id` or a `data-key` are the same where these are the same; elements
 * with `data-keep` are the scripts' own and stay as they are.
 *
 * @param {Element} from in the page
 * @param {Element} to freshly parsed; its nodes may move into the page
 */
export function morph(from, to) {
  copyAttributes(from, to);
  const old = new Map([...from.children].filter(keyOf).map((child) => [keyOf(child), child]));
  let place = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const key = wanted instanceof Element ? keyOf(wanted) : undefined;
    const match = key ? old.get(key) : isAlike(place, wanted) ? place : undefined;
    if (!match) {
      from.insertBefore(wanted, place);
      continue;
    }
    if (match === place) place = place.nextSibling;
    else from.insertBefore(match, place);
    if (match instanceof Element && wanted instanceof Element) {
      if (!match.isEqualNode(wanted) && !("keep" in match.dataset)) morph(match, wanted);
    } else if (match.nodeValue !== wanted.nodeValue) match.nodeValue = wanted.nodeValue;
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

/** @param {Element} element */
function keyOf(element) {
  return element.getAttribute("data-key") ?? (element.id || undefined);
}

/**
 * @param {Node | null} node
 * @param {Node} wanted
 */
function isAlike(node, wanted) {
  return node?.nodeName === wanted.nodeName && !(node instanceof Element && keyOf(node));
}

/**
 * @param {Element} from
 * @param {Element} to
 */
function copyAttributes(from, to) {
  // Whether a menu is open, and what stands in a field, is the reader's.
  const isField = from instanceof HTMLInputElement && from.type !== "hidden";
  const own = from instanceof HTMLDetailsElement ? ["open"] : isField ? ["value", "checked"] : [];
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !own.includes(name)) from.removeAttribute(name);
  }
  for (const { name, value } of [...to.attributes]) {
    if (from.getAttribute(name) !== value && !own.includes(name)) from.setAttribute(name, value);
  }
}
