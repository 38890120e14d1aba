// The open ticket of the inbox: what its customer is typing, whether they are there, and that we are writing.
import { say, watch } from "./live.js";

const TYPING_MS = 700, TYPING_LASTS = 5_000;
const me = Number(document.body.dataset.user) || 0;
const ticket = () => Number(document.querySelector("#thread")?.dataset.ticket) || 0;
let watched = 0, typed = 0, timer;

function follow() {
  if (ticket() && ticket() !== watched) watch((watched = ticket()));
}

function show(text) {
  clearTimeout(timer);
  const line = document.querySelector("#typing");
  if (!line) return;
  line.textContent = text;
  line.hidden = !text;
  if (text) timer = setTimeout(() => show(""), TYPING_LASTS);
}

document.addEventListener("whetstone:hint", ({ detail }) => {
  if (detail.number !== ticket()) return;
  if (detail.kind === "typing" && detail.user !== me) show(detail.text ? `${detail.name} is typing: ${detail.text}` : `${detail.name} is typing`);
  else if (detail.kind === "ticket") show("");
  else if (detail.kind === "presence") {
    const here = document.querySelector("[data-here]");
    if (!here) return;
    here.classList.toggle("state--good", detail.here);
    here.classList.toggle("state--hollow", !detail.here);
    here.textContent = detail.here ? `In the widget${detail.page ? ` on ${detail.page}` : ""}` : "Not in the widget";
  }
});

document.addEventListener("input", ({ target }) => {
  const form = target.form;
  if (target.id !== "body" || form?.id !== "composer" || form.elements.kind.value !== "reply" || Date.now() - typed < TYPING_MS) return;
  typed = Date.now();
  say({ typing: ticket() });
});

follow();
document.addEventListener("htmx:afterSettle", follow);
