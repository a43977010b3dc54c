// Hearing of changes: one stream of server-sent events a page, for whoever wants to know.

/** @typedef {"joining" | "live" | "away" | "expired" | "gone" | "refused"} Status */

/** @type {Record<Status, string>} */
const WORDS = {
  joining: "Joining",
  live: "Live",
  away: "The hub is away; trying again",
  expired: "The session has expired",
  gone: "This is no longer there",
  refused: "The hub refused this",
};
const LEAST_PAUSE_MS = 200;
const PAUSES_PER_WORK = 4; // A page that takes long to bring up to date is brought up to date less often.
const RETRY_MS = 2000;

/** @type {Map<string, Feed>} */
const feeds = new Map();

/**
 * Call `onChange` whenever what the page shows has changed: one call at a time, never in a rush, and once more for
 * what changed meanwhile; and whenever the hub is back after it was away, since something may have been missed.
 *
 * @param {string} url the stream of marks, as `document.body.dataset.events` has it
 * @param {() => Promise<void> | void} onChange
 * @returns {() => void} ends the subscription
 */
export function subscribe(url, onChange) {
  const feed = feeds.get(url) ?? new Feed(url, document.body.dataset.mark ?? "");
  feeds.set(url, feed);
  return feed.add(onChange);
}

/** Why something was not fetched: only `away` passes by itself. */
export class FetchFailed extends Error {
  /** @param {Status} status */
  constructor(status) {
    super(WORDS[status]);
    this.status = status;
  }
}

/**
 * Fetch an address of this hub for a session; a login page is no answer.
 *
 * @param {string} url
 * @returns {Promise<Response>}
 * @throws {FetchFailed}
 */
export async function fetchOwn(url) {
  let answer;
  try {
    answer = await fetch(url, { redirect: "manual", credentials: "same-origin" });
  } catch {
    throw new FetchFailed("away");
  }
  if (answer.type === "opaqueredirect" || answer.status === 401) throw new FetchFailed("expired");
  if (answer.status === 403 || answer.status === 404) throw new FetchFailed("gone");
  if (answer.status < 500 && answer.status !== 429 && !answer.ok) throw new FetchFailed("refused");
  if (!answer.ok) throw new FetchFailed("away");
  return answer;
}

/**
 * Take it as it is that something was not fetched: if the hub is away, all that listens does its work once it is back.
 *
 * @param {unknown} error anything but a `FetchFailed` is thrown on
 */
export function missed(error) {
  if (!(error instanceof FetchFailed)) throw error;
  if (error.status === "away") for (const feed of feeds.values()) feed.fail(error);
}

/**
 * Say in the page's bar how it stands.
 *
 * @param {Status} status
 */
function show(status) {
  const place = document.getElementById("live");
  if (!place || place.dataset.status === status) return;
  place.dataset.status = status;
  place.replaceChildren(Object.assign(document.createElement("span"), { textContent: WORDS[status] }));
  if (status === "expired") {
    const back = encodeURIComponent(location.pathname + location.search);
    place.append(Object.assign(document.createElement("a"), { href: `/login?next=${back}`, textContent: "Log in" }));
  }
}

/** A stream, and who listens to it. */
class Feed {
  /**
   * @param {string} url
   * @param {string} mark what the page was made at
   */
  constructor(url, mark) {
    this.url = url;
    this.mark = mark;
    /** Whether listeners have something to do. */
    this.due = false;
    /** Whether the hub was away since the last mark: what failed meanwhile is done again, be the mark as it was. */
    this.lost = false;
    /** @type {number | undefined} */
    this.asking = undefined;
    /** @type {Set<() => Promise<void> | void>} */
    this.listeners = new Set();
    this.working = false;
    this.ended = false;
    // A hidden page lets go of its connection: a browser has six for a host.
    document.addEventListener("visibilitychange", () => (document.hidden ? this.leave() : this.join()));
    addEventListener("pagehide", () => this.leave());
    addEventListener("pageshow", () => this.join());
    this.join();
  }

  /** @param {() => Promise<void> | void} onChange */
  add(onChange) {
    this.listeners.add(onChange);
    return () => void this.listeners.delete(onChange);
  }

  join() {
    if (this.source || this.ended || document.hidden) return;
    const source = (this.source = new EventSource(this.url));
    source.addEventListener("mark", (event) => this.hear(event.data));
    source.addEventListener("expired", () => this.end("expired"));
    source.addEventListener("gone", () => this.end("gone"));
    source.onerror = () => this.lose(source);
  }

  leave() {
    this.source?.close();
    this.source = undefined;
  }

  /** @param {Status} status */
  end(status) {
    this.ended = true;
    this.leave();
    show(status);
  }

  /**
   * The stream broke, or was refused. A browser tries the first again by itself; of the second it does not say why.
   *
   * @param {EventSource} source
   */
  lose(source) {
    if (source !== this.source) return;
    show("away");
    this.lost = true;
    if (source.readyState === EventSource.CLOSED) this.retry();
  }

  retry() {
    this.leave();
    this.asking ??= setTimeout(() => this.ask(), RETRY_MS);
  }

  async ask() {
    this.asking = undefined;
    try {
      const asking = await fetchOwn(location.href);
      await asking.body?.cancel();
      this.join();
    } catch (error) {
      this.fail(error);
    }
  }

  /** @param {unknown} error */
  fail(error) {
    if (!(error instanceof FetchFailed)) throw error;
    if (this.ended) return;
    if (error.status !== "away") this.end(error.status);
    else {
      show("away");
      this.lost = true;
      this.retry();
    }
  }

  /** @param {string} mark */
  hear(mark) {
    show("live");
    if (this.lost || mark !== this.mark) this.due = true;
    this.lost = false;
    this.mark = mark;
    void this.work();
  }

  async work() {
    if (this.working) return;
    this.working = true;
    while (this.due && !this.ended) {
      this.due = false;
      const began = performance.now();
      try {
        await Promise.all([...this.listeners].map((onChange) => onChange()));
      } catch (error) {
        this.working = false;
        this.fail(error);
        return;
      }
      const pause = Math.max(LEAST_PAUSE_MS, PAUSES_PER_WORK * (performance.now() - began));
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    this.working = false;
  }
}
