// What the assistant offers beside the thread. It never writes into the composer by itself.
import { insert, replaceAll } from "./composer.js";
import { toast } from "./toast.js";

let renewing = 0;

/** Something was said: what is similar, where it stands and what was learned may be otherwise in a moment. Not under somebody's hands. */
document.addEventListener("inbox:said", () => {
  clearTimeout(renewing);
  renewing = setTimeout(() => {
    const beside = document.querySelector("#copilot");
    if (beside && !beside.contains(document.activeElement) && !beside.querySelector("details[open]")) htmx.trigger(beside, "renew");
  }, 2_000);
});
document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
  if (target.id === "summary" && document.activeElement === document.body) target.focus({ preventScroll: true }); // the button that was pressed is gone
});

document.addEventListener("click", ({ target }) => {
  const link = target.closest("[data-insert]"), way = target.closest("[data-rewrite]"), take = target.closest("[data-take]");
  if (link) insert(link.dataset.insert);
  if (way) ask(way);
  if (take) {
    replaceAll(take.dataset.take);
    document.querySelector("#rewriting").replaceChildren();
  }
  if (target.closest("[data-leave]")) document.querySelector("#rewriting").replaceChildren();
});

function ask(button) {
  const text = document.querySelector("#body").value;
  const menu = button.closest("details");
  menu.open = false;
  if (!text.trim()) { toast("Write something first."); return; }
  htmx.ajax("POST", menu.dataset.rewriting, { target: "#rewriting", swap: "innerHTML", values: { text, how: button.dataset.rewrite, language: button.dataset.language ?? "" } });
}
