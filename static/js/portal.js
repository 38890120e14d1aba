// A question that is open: what others say appears by itself, and what is being typed stays.
import { prepareForms } from "./attach.js";

const root = document.querySelector("#question");
const news = document.querySelector("#news");
let asking = false;
let again = false;

const inside = () => root.querySelector("[data-version]");

async function look() {
  if (asking) { again = true; return; }
  asking = true;
  try {
    const address = `${root.dataset.messages}?version=${encodeURIComponent(inside().dataset.version)}`;
    const response = await fetch(address, { headers: { "X-Requested-With": "fetch" }, redirect: "error" });
    if (response.status === 200) show(await response.text());
  } catch {
    // Offline, or signed out: the next hint or poll looks again.
  } finally {
    asking = false;
    if (again) { again = false; look(); }
  }
}

function show(html) {
  const typed = new Map([...root.querySelectorAll("textarea")].map((box) => [box.id, box.value]));
  const open = [...root.querySelectorAll("details[open][id]")].map((box) => box.id);
  const active = document.activeElement?.matches("#question textarea") ? document.activeElement : null;
  const place = active && { id: active.id, from: active.selectionStart, to: active.selectionEnd };
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-version]");
  if (!fresh) return;
  const spoke = fresh.dataset.last;
  const files = [...root.querySelectorAll("#reply [data-attached] > *")];
  inside().replaceWith(fresh);
  root.querySelector("#reply [data-attached]")?.replaceChildren(...files);
  for (const [id, text] of typed) if (text) restore(id, text);
  for (const id of open) root.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
  if (place) {
    const box = root.querySelector(`#${CSS.escape(place.id)}`);
    box?.focus({ preventScroll: true });
    box?.setSelectionRange(place.from, place.to);
  }
  prepareForms(root);
  window.htmx?.process(fresh);
  news.textContent = spoke ? `New from ${spoke}` : "";
}

function restore(id, text) {
  const box = root.querySelector(`#${CSS.escape(id)}`) ?? root.querySelector("#reply-body");
  if (box) box.value = text;
}

document.addEventListener("whetstone:poll", look);
document.addEventListener("whetstone:hint", ({ detail }) => {
  if (detail.number !== Number(root.dataset.watch)) return;
  if (detail.kind !== "stream") { look(); return; }
  const place = root.querySelector("[data-stream]");
  if (place) place.textContent = detail.text;
});

// A form sent twice is one message: the server knows its id. A button pressed twice need not be sent twice.
root.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "1";
});
addEventListener("pageshow", () => root.querySelectorAll("form").forEach((form) => delete form.dataset.sent));
