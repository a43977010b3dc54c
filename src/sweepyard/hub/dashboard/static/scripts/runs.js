// The table of runs: its view changes without a reload, and the address with it; runs are selected with the mouse or
// the keyboard, and the selection stands in the address too (`runs=a,b,c`).

import "./find.js";
import { FetchFailed, fetchOwn, missed } from "./live.js";
import { follow } from "./page.js";

const SOON_MS = 300;
const USUAL_SIZE = "50"; // as `views.DEFAULT_SIZE`

const form = /** @type {HTMLFormElement} */ (document.getElementById("view"));
const table = /** @type {HTMLElement} */ (document.getElementById("runs"));
/** @type {Set<string>} */
const selected = new Set(idsIn(location.href));

/** The ids of the selected runs, in the order of selecting. */
export function selection() {
  return [...selected];
}

/**
 * Show another view.
 *
 * @param {string} url
 * @param {{push?: boolean}} [how]
 */
export async function show(url, { push = true } = {}) {
  const wanted = asChosen(new URL(url, location.href));
  table.setAttribute("aria-busy", "true");
  try {
    if (push) history.pushState(null, "", wanted);
    await follow();
  } finally {
    table.removeAttribute("aria-busy");
  }
}

/** @param {string} address */
function idsIn(address) {
  return (new URL(address).searchParams.get("runs") ?? "").split(",").filter(Boolean);
}

/**
 * The address with what was chosen since its link was made: the selection, and how charts look (`curves.js`).
 *
 * @param {URL} url
 */
function asChosen(url) {
  if (selected.size) url.searchParams.set("runs", [...selected].join(","));
  else for (const name of ["runs", "only"]) url.searchParams.delete(name);
  const now = new URL(location.href).searchParams;
  const isOfChart = (/** @type {string} */ name) => name.startsWith("chart");
  for (const name of [...url.searchParams.keys()].filter(isOfChart)) url.searchParams.delete(name);
  for (const [name, value] of now) if (isOfChart(name)) url.searchParams.append(name, value);
  return url;
}

/**
 * The address of a form's fields; those that say nothing are left out.
 *
 * @param {HTMLFormElement} from
 */
function addressOf(from) {
  const url = new URL(from.action);
  for (const [name, value] of new FormData(from)) {
    if (name !== "runs" && typeof value === "string" && value) url.searchParams.append(name, value);
  }
  return url.href;
}

function showTicks() {
  for (const box of boxes()) box.checked = selected.has(box.value);
  const all = /** @type {HTMLInputElement | null} */ (document.getElementById("tick-all"));
  if (all) {
    const ticked = boxes().filter((box) => box.checked).length;
    all.checked = ticked > 0 && ticked === boxes().length;
    all.indeterminate = ticked > 0 && !all.checked;
  }
  const count = document.getElementById("ticked");
  if (count) count.textContent = String(selected.size);
  document.getElementById("ticks")?.classList.toggle("some", selected.size > 0);
}

/** @returns {HTMLInputElement[]} */
function boxes() {
  return [...table.querySelectorAll('tbody input[name="runs"]')];
}

/**
 * @param {HTMLInputElement[]} changed
 * @param {boolean} on
 */
function tick(changed, on) {
  for (const box of changed) on ? selected.add(box.value) : selected.delete(box.value);
  history.replaceState(history.state, "", asChosen(new URL(location.href)));
  showTicks();
  document.dispatchEvent(new CustomEvent("selectionchanged", { detail: selection() }));
}

/** @type {HTMLInputElement | undefined} */
let last;

table.addEventListener("click", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const link = target.closest("a[data-go]");
  if (link instanceof HTMLAnchorElement && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    readAddress(link.href);
    void show(link.href);
  } else if (target.id === "tick-all") {
    tick(boxes(), /** @type {HTMLInputElement} */ (target).checked);
  } else if (target.id === "untick") {
    selected.clear();
    tick([], false);
  } else if (target instanceof HTMLInputElement && target.name === "runs") {
    const all = boxes();
    const [begin, end] = [all.indexOf(target), last && event.shiftKey ? all.indexOf(last) : -1].sort((a, b) => a - b);
    tick(begin < 0 ? [target] : all.slice(begin, end + 1), target.checked);
    last = target;
  }
});

// Up and down lead from a row's box or link to the next row's.
table.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const cell = event.target instanceof Element ? event.target.closest("tbody td, tbody th") : null;
  if (!step || !(cell instanceof HTMLTableCellElement) || event.altKey) return;
  const row = step > 0 ? cell.parentElement?.nextElementSibling : cell.parentElement?.previousElementSibling;
  const next = row?.children[cell.cellIndex]?.querySelector("a, input");
  if (next instanceof HTMLElement) {
    event.preventDefault();
    next.focus();
  }
});

document.addEventListener("submit", (event) => {
  const from = /** @type {HTMLFormElement} */ (event.target);
  if (from !== form && from.id !== "ticks") return;
  event.preventDefault();
  if (event.submitter?.hasAttribute("formaction")) {
    location.assign(`${event.submitter.getAttribute("formaction")}?runs=${selection().map(encodeURIComponent).join(",")}`);
    return;
  }
  const url = new URL(addressOf(from));
  if (event.submitter instanceof HTMLButtonElement && event.submitter.name) {
    url.searchParams.set(event.submitter.name, event.submitter.value);
  }
  void show(url.href);
});

/** @type {number | undefined} */
let soon;
form.addEventListener("input", (event) => {
  if (!(event.target instanceof HTMLElement) || !("soon" in event.target.dataset)) return;
  clearTimeout(soon);
  const isTyped = event.target instanceof HTMLInputElement;
  soon = setTimeout(() => show(addressOf(form)), isTyped ? SOON_MS : 0);
});

/**
 * Have the fields say what an address says.
 *
 * @param {string} address
 */
function readAddress(address) {
  const parameters = new URL(address).searchParams;
  for (const [name, usual] of [["search", ""], ["filter", ""], ["group", ""], ["size", USUAL_SIZE]]) {
    const field = form.elements.namedItem(name);
    const isField = field instanceof HTMLInputElement || field instanceof HTMLSelectElement;
    if (isField) field.value = parameters.get(name) ?? usual;
  }
}

addEventListener("popstate", () => {
  readAddress(location.href);
  selected.clear();
  for (const id of idsIn(location.href)) selected.add(id);
  void show(location.href, { push: false });
});

document.addEventListener("refreshed", showTicks);
showTicks();

// The columns are chosen in a dialog, which is the page that the link leads to.
document.getElementById("choose-columns")?.addEventListener("click", async (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const link = /** @type {HTMLAnchorElement} */ (event.currentTarget);
  const choice = await columnsAt(link.href);
  if (!choice) return;
  const dialog = document.createElement("dialog");
  const heading = Object.assign(document.createElement("h2"), { id: "columns-heading", textContent: "Columns" });
  dialog.setAttribute("aria-labelledby", heading.id);
  dialog.append(heading, choice);
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (click) => click.target === dialog && dialog.close());
  choice.querySelector("#leave-columns")?.addEventListener("click", (click) => {
    click.preventDefault();
    dialog.close();
  });
  choice.addEventListener("submit", (submit) => {
    submit.preventDefault();
    dialog.close();
    void show(addressOf(choice));
  });
  dialog.showModal();
});

/**
 * The form that asks for columns; undefined while the hub is away, or where the browser goes to see why there is none.
 *
 * @param {string} address
 */
async function columnsAt(address) {
  try {
    const page = new DOMParser().parseFromString(await (await fetchOwn(address)).text(), "text/html");
    return /** @type {HTMLFormElement} */ (document.adoptNode(page.getElementById("columns")));
  } catch (error) {
    missed(error);
    if (error instanceof FetchFailed && error.status !== "away") location.assign(address);
    return undefined;
  }
}
