// What the assistant offers beside the thread. It never writes into the composer by itself.
import { insert, replaceAll } from "./composer.js";
import { toast } from "./toast.js";

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
