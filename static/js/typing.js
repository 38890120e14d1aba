// The open ticket of the inbox: what its customer is typing, and whether they are there. Of colleagues tells presence.js.

const TYPING_LASTS = 5_000;
const ticket = () => Number(document.querySelector("#thread")?.dataset.ticket) || 0;
let timer;

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
  if (detail.kind === "typing" && !detail.user) show(detail.text ? `${detail.name} is typing: ${detail.text}` : `${detail.name} is typing`);
  else if (detail.kind === "ticket") show("");
  else if (detail.kind === "presence" && "here" in detail) {
    const here = document.querySelector("[data-here]");
    if (!here) return;
    here.classList.toggle("state--good", detail.here);
    here.classList.toggle("state--hollow", !detail.here);
    here.textContent = detail.here ? `In the widget${detail.page ? ` on ${detail.page}` : ""}` : "Not in the widget";
  }
});
