// The list keeps its place: whoever opens a ticket and comes back finds as many rows as before, scrolled to where they were.
import { pickHere, pickNone, pickShown } from "./bulk.js";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const KEPT = "whetstone:list";

function keepPlace() {
  const results = $("#results"), rows = $("#rows");
  if (!results || !rows || !("first" in results.dataset)) return;
  if (!rows.offsetParent) return; // on a phone the ticket is in front: what was kept before it opened stands
  const place = { url: results.dataset.url, shown: $$(":scope > .row", rows).length, top: rows.scrollTop };
  sessionStorage.setItem(KEPT, JSON.stringify(place));
}

async function returnToPlace() {
  const results = $("#results"), rows = $("#rows");
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  if (!kept || !results || kept.url !== results.dataset.url || kept.top < 8 || !cameBack()) return;
  const shown = $$(":scope > .row", rows).length;
  if (kept.shown > shown) {
    const url = `${kept.url}${kept.url.includes("?") ? "&" : "?"}shown=${kept.shown}`;
    const response = await fetch(url, { headers: { "HX-Request": "true", "HX-Target": "results", "HX-Current-URL": location.href } });
    if (!response.ok || $("#results") !== results) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    rows.replaceChildren(...[...$("#rows", fresh).children].map((row) => document.adoptNode(row)));
    htmx.process(rows);
  }
  rows.scrollTop = kept.top;
}

/** By Back, by a reload, or from one of its own tickets. */
function cameBack() {
  const [how] = performance.getEntriesByType("navigation");
  return how?.type !== "navigate" || new URL(document.referrer || location.href).pathname.startsWith(location.pathname.replace(/\d+\/$/, ""));
}

addEventListener("pagehide", keepPlace);
document.addEventListener("htmx:beforeRequest", keepPlace);
returnToPlace();

// ── What is done shows at once, and comes back when the server refuses ─────────

const LEAVES = /\/(closure|spam|snooze)\/$/;

/** What a row looks like once it is done: [rows, { class: whether it has it }]. */
function expected({ elt, requestConfig: { path, parameters } }) {
  if (elt.id === "bulk") return [$$("#rows .row:has(.row__pick:checked)"), { "is-done": true }];
  const [, number, what] = /\/tickets\/(\d+)(\/[^?]*)/.exec(path) ?? [], rows = number ? $$(`#row-${number}`) : [], undone = parameters._method === "delete";
  if (LEAVES.test(what)) return [rows, { "is-done": !undone }];
  if (/^\/held\//.test(what) && undone) return [rows, { "is-sending": false }];
  const isSent = what === "/messages/" && parameters.kind === "reply" && parameters.body?.trim() && !["edit", "keep", "macro"].includes(parameters.then);
  return isSent ? [rows, { "is-sending": true, "is-done": parameters.then === "resolve" }] : [[], {}];
}

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.requestConfig.verb !== "post") return;
  const [rows, looks] = expected(detail), before = rows.map((row) => row.className);
  for (const row of rows) for (const [name, has] of Object.entries(looks)) row.classList.toggle(name, has);
  detail.xhr.addEventListener("loadend", () => {
    if (detail.xhr.status < 200 || detail.xhr.status > 299) rows.forEach((row, place) => { row.className = before[place]; });
  });
});

/** Open the ticket after, or before, the one that is open. */
function openNext(step) {
  const links = $$("#rows .row__subject a");
  const at = links.findIndex((link) => link.closest(".row").dataset.number === $("#thread")?.dataset.ticket);
  const gone = Number($("#list").dataset.at ?? 0); // the open ticket has left the list: another one took its place
  const next = at >= 0 ? links[at + step] : links[step > 0 ? gone : gone - 1] ?? links.at(-1);
  next?.click();
  next?.closest(".row").scrollIntoView({ block: "nearest" });
}

/** A menu by the key that is on it or near it: open, with its first item in the hand. */
function openMenu(summary) {
  if (!summary) return;
  summary.parentElement.open = true;
  ($("input:not([type=hidden]), .menu__item", summary.parentElement) ?? summary).focus();
}

const KEYS = {
  s: () => openMenu($$("#ticket-head summary").find((each) => each.getAttribute("aria-label") === "Snooze")),
  l: () => openMenu($$("#ticket-head summary").find((each) => each.getAttribute("aria-label") === "More")),
  b: () => $("#bell")?.click(),
  J: () => openNext(1),
  K: () => openNext(-1),
  x: pickHere,
  X: pickShown,
  Escape: pickNone,
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches?.("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || $("dialog[open], details.menu[open]")) return;
  if (/^[1-9]$/.test(event.key)) $$("#views .rail__item")[event.key - 1]?.click();
  else if (KEYS[event.key]) {
    KEYS[event.key]();
    if (event.key !== "Escape") event.preventDefault();
  }
  if (event.key === "z" && !$("[data-undo]")) $("[data-undo-batch]")?.click();
});
