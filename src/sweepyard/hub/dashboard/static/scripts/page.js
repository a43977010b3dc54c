// Every page: what stands in elements with `data-live` (each has an id) follows what happens, without a reload.

import { FetchFailed, fetchOwn, missed, subscribe } from "./live.js";
import { morph } from "./morph.js";

/** Fetch the page anew, and bring its live parts up to date; `refreshed` is dispatched on the document then. */
export async function refresh() {
  const url = location.href;
  const answer = await fetchOwn(url);
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (location.href !== url) return refresh(); // The reader has gone on meanwhile.
  for (const part of document.querySelectorAll("[data-live]")) {
    const now = fresh.getElementById(part.id);
    if (now) morph(part, document.adoptNode(now));
  }
  document.dispatchEvent(new CustomEvent("refreshed"));
}

/**
 * Bring the page to what its address says by now. While the hub is away it stays as it is, and follows once the hub is
 * back; where it cannot follow, the browser goes to the address, which tells why.
 */
export async function follow() {
  try {
    await refresh();
  } catch (error) {
    missed(error);
    if (error instanceof FetchFailed && error.status !== "away") location.reload();
  }
}

// Whoever is at another page than a form, the login behind it or an error has sent what was written, or left it.
if (!document.querySelector("[data-draft], .login, .problem")) sessionStorage.removeItem("draft");

const { events } = document.body.dataset;
if (events && document.querySelector("[data-live]")) subscribe(events, refresh);
