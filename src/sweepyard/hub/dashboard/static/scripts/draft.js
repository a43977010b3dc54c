// A form in which somebody writes: what was sent after the session had ended stands in it again after the login.
//
// The tab keeps what is sent until a page comes that is no form, login or error (page.js); the login leads back with
// `#unsent` in the address.

const KEY = "draft";

const form = /** @type {HTMLFormElement} */ (document.querySelector("form[data-draft]"));

/** The fields that hold something to send. */
function fields() {
  return [...form.elements].filter((each) => each instanceof HTMLInputElement || each instanceof HTMLTextAreaElement);
}

/** @param {string} text */
function say(text) {
  form.before(Object.assign(document.createElement("p"), { className: "problem", role: "status", textContent: text }));
}

function restore() {
  const { action, values } = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
  if (action !== form.action) return say("What you sent was not saved, since the session had ended; this tab has not kept it.");
  for (const field of fields()) field.value = values[field.name] ?? field.value;
  return say("The session had ended, so this was not saved. It is as you sent it: send it again.");
}

form.addEventListener("submit", () => {
  const values = Object.fromEntries(fields().map(({ name, value }) => [name, value]));
  sessionStorage.setItem(KEY, JSON.stringify({ action: form.action, values }));
});

if (location.hash === "#unsent") {
  restore();
  history.replaceState(history.state, "", location.pathname + location.search);
}
