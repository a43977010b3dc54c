// A drawing or chosen pictures go to the server without leaving the page; what it answers is put in place of the result.

const PEN = 22; // Of 280: as thick as the strokes of the digits that models learn from.
const PAUSE_MS = 250;
const pad = document.getElementById("pad");
const ink = pad.getContext("2d");
const buttons = [document.getElementById("ask"), document.getElementById("clear")];
const form = document.getElementById("upload");
const result = document.getElementById("result");
const empty = result.innerHTML;
let asking = null; // The newest question; an answer to an older one is thrown away.
let pause = 0;

/** Clean paper. */
function clear() {
  ink.fillStyle = "#fff";
  ink.fillRect(0, 0, pad.width, pad.height);
  Object.assign(ink, { strokeStyle: "#000", lineWidth: PEN, lineCap: "round", lineJoin: "round" });
  for (const button of buttons) button.disabled = true;
}

/** Where a pointer is, in the drawing's own pixels. */
function place(event) {
  const box = pad.getBoundingClientRect();
  const scale = pad.width / pad.clientWidth;
  return [(event.clientX - box.left - pad.clientLeft) * scale, (event.clientY - box.top - pad.clientTop) * scale];
}

/** @param {FormData} pictures */
async function ask(pictures) {
  asking?.abort();
  const mine = (asking = new AbortController());
  result.setAttribute("aria-busy", "true");
  try {
    const headers = { Accept: "text/html" };
    const answer = await fetch(form.action, { method: "POST", body: pictures, headers, signal: mine.signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const answered = page.getElementById("result");
    if (answered) result.replaceChildren(...document.adoptNode(answered).childNodes);
    else tell(`The server refused this (${answer.status}).`);
  } catch (error) {
    if (mine.signal.aborted) return;
    tell("The server is away. Try again.");
  } finally {
    if (asking === mine) result.removeAttribute("aria-busy");
  }
}

function tell(text) {
  const problem = document.createElement("p");
  Object.assign(problem, { className: "problem", textContent: text });
  problem.setAttribute("role", "alert");
  result.replaceChildren(problem);
}

function askForDrawing() {
  clearTimeout(pause);
  pad.toBlob((picture) => {
    const pictures = new FormData();
    pictures.append("images", picture, "drawing");
    ask(pictures);
  });
}

pad.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || !event.isPrimary) return;
  event.preventDefault();
  pad.setPointerCapture(event.pointerId);
  clearTimeout(pause);
  ink.beginPath();
  ink.moveTo(...place(event));
  ink.lineTo(...place(event));
  ink.stroke();
  for (const button of buttons) button.disabled = false;
});
pad.addEventListener("pointermove", (event) => {
  if (!pad.hasPointerCapture(event.pointerId)) return;
  for (const each of event.getCoalescedEvents?.() ?? [event]) ink.lineTo(...place(each));
  ink.stroke();
});
pad.addEventListener("lostpointercapture", () => {
  if (pad.dataset.live === "yes") pause = setTimeout(askForDrawing, PAUSE_MS);
});
buttons[0].addEventListener("click", askForDrawing);
buttons[1].addEventListener("click", () => {
  clearTimeout(pause);
  asking?.abort();
  clear();
  result.innerHTML = empty;
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask(new FormData(form));
});
clear();
