// The inbox on top of plain pages: keys, live rows and messages, and nothing typed is ever lost.
// What changed is only hinted at (whetstone:hint) or guessed (whetstone:poll); what is true is fetched.

import { editDraft, noticeOthers, takeUp, write } from "./composer.js";
import { openMenu } from "./menus.js";
import { lookAt } from "./presence.js";
import "./copilot.js";
import "./offers.js";
import { leave } from "./toast.js";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const openTicket = () => Number($("#thread")?.dataset.ticket) || 0;
const isTyping = (node) => node.matches?.("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]") ?? false;
const click = (node) => node && (node.click(), true);

async function fetchFragment(url, target) {
  const response = await fetch(url, { headers: { "HX-Request": "true", "HX-Target": target, "HX-Current-URL": location.href } });
  if (response.headers.has("HX-Redirect")) location.assign(response.headers.get("HX-Redirect"));
  if (!response.ok || response.redirected) throw new Error(`${response.status} for ${url}`);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

/** Runs `work` soon, once for many calls, never twice at a time, and at most every `pause` ms. */
function calmly(work, pause) {
  let timer = 0, running = false, again = false, last = 0;
  const run = async () => {
    timer = 0;
    if (running) { again = true; return; }
    running = true;
    last = performance.now();
    try { await work(); } catch (error) { console.info("Not refreshed:", error.message); }
    running = false;
    if (again) { again = false; schedule(); }
  };
  const schedule = (now = false) => {
    if (timer && !now) return;
    clearTimeout(timer);
    timer = setTimeout(run, now ? 0 : Math.max(120, pause - (performance.now() - last)));
  };
  return schedule;
}

// ── The list ──────────────────────────────────────────────────────────────────

const refreshList = calmly(async () => {
  const results = $("#results");
  if (!results) return;
  const shown = $$("#rows > .row").length;
  const separator = results.dataset.url.includes("?") ? "&" : "?";
  const fresh = await fetchFragment(`${results.dataset.url}${separator}shown=${shown}`, "results");
  for (const id of ["views", "views-menu"]) replaceQuietly($(`#${id}`), $(`#${id}`, fresh));
  // A search may have been typed meanwhile: its rows are not ours to replace.
  if ($("#results") === results && "first" in results.dataset) showRows($("#rows"), $("#rows", fresh));
}, 1500);

/** Not under somebody's hands, nor what waits for an answer: that would come to a form that is not on the page any more, and nobody would hear of it. */
function replaceQuietly(old, fresh) {
  if (!old || !fresh || $("details[open], .htmx-request", old)) return;
  const held = old.contains(document.activeElement) ? document.activeElement : null;
  if (held && (isTyping(held) || !held.id || !$(`#${held.id}`, fresh))) return;
  fresh.removeAttribute("hx-swap-oob");
  old.replaceWith(document.adoptNode(fresh));
  if (held) document.getElementById(held.id).focus({ preventScroll: true });
}

/** At the top of the list rows take their new order; further down only their contents change, and a button tells of new ones. */
function showRows(rows, fresh) {
  if (!rows || !fresh) return;
  const at = $$(".row", rows).findIndex((row) => row.hasAttribute("aria-current"));
  if (at >= 0) $("#list").dataset.at = at;
  markOpen(fresh);
  const newer = $("[data-newer]");
  if (rows.scrollTop < 8) {
    const focused = document.activeElement?.closest?.(".row")?.id;
    rows.replaceChildren(...[...fresh.children].map((row) => document.adoptNode(row)));
    htmx.process(rows);
    if (focused) document.getElementById(focused)?.querySelector("a").focus({ preventScroll: true });
    newer.hidden = true;
    return;
  }
  let unknown = 0;
  for (const row of $$(".row", fresh)) {
    const old = document.getElementById(row.id);
    if (!old) unknown += 1;
    else if (old.outerHTML !== row.outerHTML && !old.contains(document.activeElement)) {
      old.replaceWith(document.adoptNode(row));
      htmx.process(row);
    }
  }
  newer.hidden = unknown === 0;
  $("span:last-child", newer).textContent = unknown === 1 ? "1 new ticket" : `${unknown} new tickets`;
}

function markOpen(root = document) {
  for (const row of $$(".row", root)) {
    const isOpen = Number(row.dataset.number) === openTicket();
    row.toggleAttribute("aria-current", isOpen);
    if (!isOpen) continue;
    row.setAttribute("aria-current", "true");
    row.classList.remove("is-unread");
    $(".row__gutter", row)?.replaceChildren();
  }
}

/** Where the open ticket stood that has left the list: the row that took its place is the next one. */
const between = () => Number($("#list").dataset.at ?? 0);

function moveInList(step) {
  const links = $$("#rows .row__subject a");
  if (!links.length) return;
  const here = document.activeElement?.closest?.("#rows .row") ?? $("#rows .row[aria-current]");
  const index = links.findIndex((link) => here?.contains(link));
  const next = links[Math.min(Math.max((index < 0 ? between() : index) + (index < 0 && step > 0 ? 0 : step), 0), links.length - 1)];
  next.focus();
  next.closest(".row").scrollIntoView({ block: "nearest" });
}

// ── The open ticket ───────────────────────────────────────────────────────────

let newDraft = false;

const catchUp = calmly(async () => {
  const live = $("#messages");
  if (!live) return;
  const seen = document.visibilityState === "visible" ? "&seen" : "";
  const fresh = await fetchFragment(`${live.dataset.url}&after=${live.dataset.seq}&event=${live.dataset.event}${seen}`, "news");
  if ($("#messages") !== live) return;
  const news = $("#news", fresh);
  for (const key of ["seq", "event"]) live.dataset[key] = Math.max(Number(live.dataset[key]), Number(news.dataset[key]));
  const added = appendNews(live, news);
  mailed.forEach(showDelivery);
  replaceQuietly($("#ticket-head"), $("#ticket-head", fresh));
  htmx.process($("#ticket-head"));
  replaceQuietly($("#held"), $("#held", fresh));
  htmx.process($("#held"));
  settle();
  showDraft(live, $("#draft", fresh), added);
  if (added.some((item) => item.matches(".message:not(.message--note)"))) document.dispatchEvent(new CustomEvent("inbox:said"));
  noticeOthers(added);
}, 400);

function appendNews(live, news) {
  const lastDay = $$(".thread__day").at(-1)?.dataset.day;
  const added = [];
  for (const item of [...news.children]) {
    if ((item.id && document.getElementById(item.id)) || item.dataset.day === lastDay) continue;
    if ($("#receipt", item)) $("#receipt")?.remove();
    live.before(document.adoptNode(item));
    htmx.process(item);
    added.push(item);
  }
  return added;
}

const mailed = new Set(); // messages whose mails were told of before the page had them

async function showDelivery(seq) {
  const shown = document.getElementById(`m-${seq}`);
  if (!shown) { mailed.add(seq); return; }
  mailed.delete(seq);
  const fresh = $(`#delivery-${seq}`, await fetchFragment(`${$("#messages").dataset.url.split("?")[0]}${seq}/delivery/`, `delivery-${seq}`));
  const old = document.getElementById(`delivery-${seq}`);
  if (!fresh || old?.contains(document.activeElement)) return;
  if (old) old.replaceWith(document.adoptNode(fresh));
  else $(".message__body", shown).after(document.adoptNode(fresh));
  htmx.process(fresh);
}

/** Replies that can still be taken back count down; then they are messages. */
setInterval(() => {
  for (const clock of $$("#held [data-seconds]")) {
    const left = (clock.dataset.due ??= Date.now() + 1000 * clock.dataset.seconds) - Date.now();
    clock.textContent = Math.max(0, Math.ceil(left / 1000));
    if (left < -200 && !clock.dataset.over) { clock.dataset.over = 1; catchUp(); }
  }
}, 250);

/** A draft comes when there is a newer one, and leaves when somebody has answered or the ticket is closed. */
function showDraft(live, fresh, added) {
  const shown = $("#draft");
  if (shown?.contains(document.activeElement)) return;
  if (fresh && (!shown || newDraft)) {
    newDraft = false;
    shown?.remove();
    live.after(document.adoptNode(fresh));
    htmx.process(fresh);
  } else if (shown && !fresh && ("closed" in $("#ticket-head").dataset || added.some((item) => item.matches(".message--agent")))) shown.remove();
}

/** A thread opens at its end. Where a long draft stands there, at what it answers. */
function showQuestion() {
  const scroll = $("#thread-scroll"), last = $$("#thread-scroll .message").at(-1);
  if (!$("#draft") || !last || scroll.dataset.placed) return;
  scroll.dataset.placed = "1";
  if (last.getBoundingClientRect().top < scroll.getBoundingClientRect().top) last.scrollIntoView({ block: "start" });
}

function settle() {
  showQuestion();
  const composer = $("#composer");
  if (composer) takeUp(composer);
  lookAt(openTicket());
  for (const button of $$("[data-copy][hidden], [data-discard][hidden], [data-offer][hidden], [data-draft-edit][hidden]")) button.hidden = false;
  markOpen();
}

// ── Toasts with a way back ────────────────────────────────────────────────────

function say({ words, undo }) {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.append(words);
  if (undo) {
    const back = document.createElement("button");
    Object.assign(back, { type: "button", className: "btn btn--small", innerHTML: "Undo<kbd>Z</kbd>" });
    back.dataset.undo = undo;
    toast.append(back);
  }
  $("#toasts").append(toast);
  leave(toast);
}

async function undo(button) {
  button.closest(".toast").remove();
  await htmx.ajax("POST", button.dataset.undo, { values: { _method: "delete" }, target: "#ticket-head", swap: $("#ticket-head") ? "outerHTML" : "none" });
}

// ── What happens on the page ──────────────────────────────────────────────────

const refresh = (now) => { refreshList(now); catchUp(now); };

document.addEventListener("whetstone:hint", (event) => {
  if (event.detail?.kind === "seen") refreshList(); // read on another screen of this agent
  if (event.detail?.kind === "unsent" && event.detail.number === openTicket()) catchUp();
  if (event.detail?.kind === "delivery" && event.detail.number === openTicket()) showDelivery(event.detail.seq);
  if (event.detail?.kind !== "ticket") return;
  refreshList();
  if (event.detail.number !== openTicket()) return;
  newDraft ||= event.detail.verb === "draft.offered";
  catchUp();
});
document.addEventListener("whetstone:poll", () => document.visibilityState === "visible" && refresh());
document.addEventListener("inbox:changed", () => refresh(true));
document.addEventListener("inbox:done", (event) => say(event.detail));

document.addEventListener("click", (event) => {
  const edit = event.target.closest("[data-draft-edit]");
  if (edit && $("#composer")) {
    event.preventDefault();
    event.stopPropagation();
    editDraft(edit);
  }
  const copy = event.target.closest("[data-copy]");
  if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => { copy.closest("details").open = false; });
  if (event.target.closest("[data-undo]")) undo(event.target.closest("[data-undo]"));
  if (event.target.closest("[data-newer]")) {
    $("#rows").scrollTop = 0;
    refreshList(true);
  }
}, true);

// What is opened is marked at once, and where something stands in for what is fetched, screen readers are told to wait.
document.addEventListener("htmx:beforeRequest", ({ detail: { elt, target, xhr } }) => {
  if (!["thread", "results"].includes(target.id)) return;
  const row = target.id === "thread" && elt.closest(".row");
  if (row) {
    for (const each of $$("#rows .row[aria-current]")) each.removeAttribute("aria-current");
    row.setAttribute("aria-current", "true");
  }
  target.setAttribute("aria-busy", "true");
  xhr.addEventListener("loadend", () => { target.removeAttribute("aria-busy"); markOpen(); });
});
document.addEventListener("htmx:afterSettle", settle);
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "sheet") event.detail.target.showModal();
  // Whoever chose something in a menu of the head stands on nothing once the head is another.
  if (event.detail.target.id === "ticket-head" && document.activeElement === document.body) $("#ticket-title")?.focus({ preventScroll: true });
  if (event.detail.target.id === "thread" && !$("#list").offsetParent) $("#ticket-title")?.focus();
});

/** With the selected tickets; with a row in the hand that is not the open ticket that one is selected first; else with the open one. */
function onChosen(button, key) {
  const row = document.activeElement?.closest?.("#rows .row");
  if ($("#rows .row__pick:checked")) click($(`#bulk ${button}`));
  else if (row && !row.hasAttribute("aria-current")) click($(".row__pick", row));
  else if ($("#thread")?.getAttribute("aria-busy") !== "true") click($(`#ticket-head [data-key=${key}]`)); // else the one before is still shown
}

const KEYS = {
  j: () => moveInList(1),
  k: () => moveInList(-1),
  ArrowDown: () => moveInList(1),
  ArrowUp: () => moveInList(-1),
  r: () => write("reply"),
  n: () => write("note"),
  e: () => onChosen("[name=action][value=resolve]", "e"),
  a: () => onChosen("[data-with='to=me']", "a"),
  m: () => click($("#ticket-head [data-key=m]")),
  p: () => openMenu($("#assign"), "person"),
  t: () => openMenu($("#assign"), "team"),
  "/": () => $("#find").focus(),
  z: () => click($$("[data-undo], [data-undo-here]").at(-1) ?? $$("#held button").at(-1)),
  "?": () => $("#keys").showModal(),
};

document.addEventListener("keydown", (event) => {
  const composer = $("#composer");
  const written = event.target.form?.id === "composer";
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && written) {
    event.preventDefault();
    click($(event.shiftKey ? "[name=then][value=resolve]" : event.altKey ? "[name=then][value=wait]" : "button[type=submit]:not([name])", composer));
  } else if (event.altKey && event.code === "KeyT" && composer) {
    event.preventDefault();
    click(composer.elements.teach);
  } else if (event.key === "Escape" && isTyping(event.target)) event.target.blur();
  else if (!event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target) && !$("dialog[open]") && !event.isComposing) {
    const inMenu = event.target.closest?.("details.menu[open]");
    const act = KEYS[event.key];
    if (!act || inMenu || (event.key.startsWith("Arrow") && !event.target.closest?.("#rows"))) return;
    event.preventDefault();
    act();
  }
});

settle();
