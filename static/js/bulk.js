// Picking rows of the list, and what is done to all of them. What is picked survives a refresh of the rows.

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const picked = new Set();
let all = 0; // how many match, while all of them are meant
let last = null; // where a range begins
let asking = false;

const boxes = () => $$("#rows .row__pick");
const bar = () => $("#bulk");

function show() {
  for (const box of boxes()) box.checked = all > 0 || picked.has(box.value);
  const number = all || picked.size;
  if (!number) return bar()?.remove();
  if (!bar()) return ask();
  $("[data-picked]", bar()).textContent = all ? `All ${all.toLocaleString()} selected` : `${number} selected`;
  bar().elements.all.value = all ? "1" : "";
  const button = $("[data-pick-all]", bar());
  if (button) button.hidden = all > 0 || Number(button.dataset.pickAll) <= picked.size;
}

async function ask() {
  if (asking) return;
  asking = true; // until it stands there: a second one that began meanwhile would be a second bar
  try {
    const here = new URL($("#results").dataset.url, location.href);
    const url = `${here.pathname}selection/?q=${encodeURIComponent($("#find").value)}`;
    const response = await fetch(url, { headers: { "HX-Request": "true", "HX-Target": "bulk", "HX-Current-URL": location.href } });
    if (!response.ok) return;
    $("#list").insertAdjacentHTML("beforeend", await response.text());
    htmx.process(bar());
  } finally { asking = false; }
  show();
}

function pick(box, isPicked, range) {
  const shown = boxes();
  const from = shown.findIndex((each) => each.value === last), to = shown.indexOf(box);
  const span = range && from >= 0 ? shown.slice(Math.min(from, to), Math.max(from, to) + 1) : [box];
  if (all && !isPicked) { // all but this one: only those that are shown can be told apart
    all = 0;
    for (const each of shown) picked.add(each.value);
  }
  for (const each of span) isPicked ? picked.add(each.value) : picked.delete(each.value);
  last = box.value;
  show();
}

export function pickNone() {
  const any = all || picked.size;
  all = 0;
  picked.clear();
  show();
  return any;
}

/** `x` picks the row that has the focus, or the one that is open. */
export function pickHere() {
  const row = document.activeElement?.closest?.("#rows .row") ?? $("#rows .row[aria-current]");
  const box = row && $(".row__pick", row);
  if (box) pick(box, !box.checked, false);
}

export function pickShown() {
  for (const box of boxes()) picked.add(box.value);
  show();
}

document.addEventListener("click", (event) => {
  const box = event.target.closest?.(".row__pick");
  if (box) pick(box, box.checked, event.shiftKey);
  const every = event.target.closest?.("[data-pick-all]");
  if (every) {
    all = Number(every.dataset.pickAll);
    show();
  }
  if (event.target.closest?.("[data-pick-none]")) pickNone();
  if (event.target.closest?.("[data-batch-close]")) emptyBatch();
});

const emptyBatch = () => $("#batch")?.replaceWith(Object.assign(document.createElement("div"), { id: "batch" }));

// A button may say more than its own value: data-with="to=me".
document.addEventListener("htmx:configRequest", (event) => {
  const { elt, parameters, triggeringEvent } = event.detail;
  if (elt.id !== "bulk") return;
  parameters.tickets = all ? [] : [...picked];
  const [name, value] = (triggeringEvent?.submitter?.dataset.with ?? "").split("=");
  if (name) parameters[name] = value;
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.elt.id !== "bulk" || !event.detail.successful) return;
  pickNone();
  if (document.activeElement === document.body) $("#batch button")?.focus(); // the bar has gone from under the hand
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id === "results") pickNone(); // another list
  else show();
});

// Rows are replaced when something happens; the boxes follow.
const rows = () => $("#list");
if (rows()) new MutationObserver(() => boxes().some((box) => box.checked !== (all > 0 || picked.has(box.value))) && show()).observe(rows(), { childList: true, subtree: true });
