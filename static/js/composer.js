// Where an agent writes. Reply and note each have a text of their own, so that what was meant for colleagues never goes to a customer,
// and every keystroke is kept: here until the server has it, there from then on.
import { typing } from "./presence.js";
import { toast } from "./toast.js";

const SAVE_MS = 700;
const $ = (selector, root = document) => root.querySelector(selector);
const KINDS = ["reply", "note"];
let desk = null; // what is written in the open ticket: { url, place, name, message, reply: { body, draft, rev, saved, count }, note: … }
let carried = null; // what was typed while an answer was on its way
let gone = false; // the page is being left: what comes next may be rendered before the server has what is sent now

/** Neither is lost; where one goes on with the other, it is both. */
const both = (written, added) => (added.startsWith(written?.trim() ?? "") ? added : written.startsWith(added.trim()) ? written : `${written.trim()}\n\n${added}`);
const kindOf = (composer) => (composer.elements.kind.value === "note" ? "note" : "reply");

// ── The files beside the text, which attach.js puts there ───────────────────────

const listOf = (composer) => $("[data-attached]", composer);
const keysIn = (rows) => [...rows.matchAll(/data-key="(\w+)"/g)].map((match) => match[1]).join();
const isOpen = (each) => each.body !== each.saved || keysIn(each.files) !== each.savedFiles;

// ── Kept on this machine, until the server has it ───────────────────────────────

function recall(place) {
  try { return JSON.parse(localStorage.getItem(place)) ?? {}; } catch { return {}; }
}

function remember(each) {
  const open = Object.fromEntries(KINDS.filter((kind) => isOpen(each[kind])).map((kind) => [kind, { ...each[kind], desk: each.name }]));
  try {
    if (Object.keys(open).length) localStorage.setItem(each.place, JSON.stringify(open));
    else localStorage.removeItem(each.place);
  } catch { /* no room, or not allowed: the server has it in a moment */ }
}

// ── Kept on the server ──────────────────────────────────────────────────────────

function keepSoon(each, wait = SAVE_MS) {
  remember(each);
  clearTimeout(each.timer);
  each.timer = setTimeout(() => keepNow(each), wait);
}

async function keepNow(each, { leaving = false } = {}) {
  clearTimeout(each.timer);
  if (each.busy && !leaving) { each.again = true; return; }
  each.busy = true;
  for (const kind of KINDS) if (isOpen(each[kind])) await keep(each, kind, leaving);
  each.busy = false;
  if (!gone) remember(each);
  if (each.again) { each.again = false; keepSoon(each); }
}

async function keep(each, kind, leaving) {
  const { body, draft, rev, count } = each[kind], attachments = keysIn(each[kind].files);
  const form = new URLSearchParams({ kind, body, draft: draft ?? "", rev, attachments, desk: each.name, count, client_msg_id: each.message, csrfmiddlewaretoken: each.token });
  try {
    const response = await fetch(each.url, { method: "POST", body: form, keepalive: leaving && body.length < 15_000, redirect: "error" });
    const told = await response.json();
    if (response.ok) Object.assign(each[kind], { rev: told.rev, saved: body, savedFiles: attachments });
    else if (response.status === 409) elsewhere(each, kind, told);
  } catch { keepSoon(each, 5_000); } // offline: it is remembered here
}

/** The same agent wrote something else at another desk. Both are kept, and which is wanted is theirs to say. */
function elsewhere(each, kind, { rev, body }) {
  each[kind].rev = rev;
  if (body.trim() && !each[kind].body.includes(body.trim()) && each === desk) {
    const strip = $("#composer [data-elsewhere]");
    strip.hidden = false;
    strip.dataset.kind = kind;
    strip.dataset.body = body;
  }
  each.again = true;
}

const leave = () => desk && keepNow(desk, { leaving: true });

// ── The form ────────────────────────────────────────────────────────────────────

/** A composer has come onto the page: with the ticket, or in the place of one that was sent. */
export function takeUp(composer) {
  if (composer.dataset.kind) return;
  const { body, draft, kind } = composer.elements, known = JSON.parse(composer.dataset.kept || "{}");
  const place = `whetstone:composer:${composer.dataset.user}:${composer.dataset.ticket}`;
  const local = recall(place), had = JSON.parse(composer.dataset.had || "{}"), before = desk?.place === place ? desk : null;
  const fresh = before ?? { place, url: composer.dataset.unsent, name: Math.random().toString(36).slice(2, 12) };
  // What the server had before this desk was left is the server's to show: it may have been sent from another desk since.
  for (const each of KINDS) if (local[each] && (had[each]?.[local[each].desk] ?? 0) >= (local[each].count ?? Infinity)) delete local[each];
  Object.assign(fresh, { message: composer.elements.client_msg_id.value, token: composer.elements.csrfmiddlewaretoken.value });
  for (const each of KINDS) {
    // While something is being kept, this desk knows better than the page what the server has.
    const server = before?.busy ? { ...before[each], body: before[each].saved } : known[each] ?? { body: "", draft: null, rev: 0, files: "" };
    const mine = carried?.[each] ?? before?.[each].body ?? (local[each]?.body && (local[each].rev === server.rev ? local[each].body : both(server.body, local[each].body)));
    fresh[each] = { body: mine ?? server.body, draft: before?.[each].draft ?? local[each]?.draft ?? server.draft, rev: server.rev, saved: server.body, files: carried?.files?.[each] ?? before?.[each].files ?? (local[each]?.files || server.files), savedFiles: keysIn(server.files), count: (before?.[each].count ?? 0) + 1 };
  }
  const chosen = "bound" in composer.dataset ? kindOf(composer) : before ? before.chosen : fresh.reply.body || fresh.reply.files || !(fresh.note.body || fresh.note.files) ? "reply" : "note";
  if ("bound" in composer.dataset && !carried) fresh[chosen].body = both(fresh[chosen].body, body.value);
  if ("bound" in composer.dataset) fresh[chosen].draft = draft.value;
  if ("bound" in composer.dataset && listOf(composer).children.length) fresh[chosen].files = listOf(composer).innerHTML;
  const spot = carried?.spot;
  carried = null;
  desk = fresh;
  kind.value = chosen;
  composer.dataset.kind = "";
  showKind(composer);
  if (spot) { body.focus(); body.setSelectionRange(...spot); }
  $("[data-restored]", composer)?.toggleAttribute("hidden", Boolean(before) || !(known.reply || known.note));
  if (KINDS.some((each) => isOpen(desk[each]))) keepSoon(desk);
  else remember(desk);
}

/** Shows the text of the kind that is chosen now. */
function showKind(composer) {
  const { kind, body, draft } = composer.elements;
  if (composer.dataset.kind === kind.value) return;
  composer.dataset.kind = desk.chosen = kind.value;
  body.value = desk[kind.value].body;
  draft.value = kind.value === "reply" ? desk.reply.draft ?? "" : "";
  listOf(composer).innerHTML = desk[kind.value].files; // as the server had written them
  body.dataset.replyPlaceholder ??= body.placeholder;
  body.placeholder = kind.value === "note" ? body.dataset.notePlaceholder : body.dataset.replyPlaceholder;
  composer.dispatchEvent(new CustomEvent("composer:kind", { bubbles: true }));
}

/** What is in the field now is what is written. */
function noteText(composer) {
  const { body, draft } = composer.elements, written = desk[kindOf(composer)];
  Object.assign(written, { count: written.count + 1, body: body.value, draft: draft.value, files: [...listOf(composer).children].filter((row) => row.dataset.key).map((row) => row.outerHTML).join("") });
  keepSoon(desk);
}

export function write(kind) {
  const composer = $("#composer");
  if (!composer) return;
  composer.elements.kind.value = kind;
  showKind(composer);
  composer.elements.body.focus();
}

/** Puts words where the cursor is, in place of what is selected or of the characters from `start`; the browser's own undo takes them out again. */
export function insert(text, { start } = {}) {
  const body = $("#body");
  if (!body) return;
  body.focus();
  if (start !== undefined) body.setSelectionRange(start, body.selectionEnd);
  if (!text && body.selectionStart === body.selectionEnd) return;
  if (!document.execCommand(text ? "insertText" : "delete", false, text)) body.setRangeText(text, body.selectionStart, body.selectionEnd, "end");
  noteText(body.form);
}

/** Other words in place of all that is written; the browser's own undo brings these back. */
export function replaceAll(text) {
  $("#body").focus();
  $("#body").select();
  insert(text);
}

export function editDraft(button) {
  const composer = $("#composer"), given = button.form.elements, { body, draft } = composer.elements;
  write("reply");
  if (button.dataset.draftEdit === "caret" && body.value.trim()) insert(given.body.value);
  else body.value = both(body.value, given.body.value);
  draft.value = given.draft.value;
  noteText(composer);
}

/** Somebody wrote while this agent is writing: say so beside the text, which stays. With nothing written, what is on the screen counts as seen. */
export function noticeOthers(added) {
  const composer = $("#composer"), text = $("#body");
  const others = added.filter((item) => item.matches(".message:not(.message--note, [data-mine])"));
  if (!composer || !others.length) return;
  // What was on its way when this was refused has been shown with it.
  if (!text.value.trim() || kindOf(composer) === "note" || $("[data-missed]", composer)) { seen(composer); return; }
  const faster = $("[data-faster]", composer);
  $("[data-faster-name]", faster).textContent = $(".message__head strong", others.at(-1)).textContent;
  $("a", faster).hash = others[0].id;
  faster.hidden = false;
}

function seen(composer) {
  composer.elements.seen_seq.value = Math.max(Number(composer.elements.seen_seq.value), Number($("#messages").dataset.seq));
  $("[data-faster]", composer).hidden = true;
}

function discard(composer) {
  const body = composer.elements.body;
  body.focus();
  body.select();
  if (!document.execCommand("delete")) body.value = "";
  noteText(composer);
  $("[data-restored]", composer).hidden = true;
  toast("Discarded. Ctrl Z brings it back.");
}

// ── What happens on the page ────────────────────────────────────────────────────

document.addEventListener("input", ({ target }) => {
  if (target.id !== "body") return;
  noteText(target.form);
  typing(kindOf(target.form) === "note");
});
document.addEventListener("whetstone:attached", ({ target }) => target.id === "composer" && noteText(target));
document.addEventListener("change", ({ target }) => target.form?.id === "composer" && target.name === "kind" && showKind(target.form));
document.addEventListener("click", ({ target }) => {
  const composer = $("#composer");
  if (target.closest("[data-faster] a")) seen(composer);
  if (target.closest("[data-discard]")) discard(composer);
  const add = target.closest("[data-elsewhere] button");
  if (!add) return;
  const strip = add.parentElement;
  write(strip.dataset.kind);
  composer.elements.body.value = both(composer.elements.body.value, strip.dataset.body);
  noteText(composer);
  strip.hidden = true;
});

// What was sent need not be kept; what was typed since is. This comes before the fresh composer is taken up.
document.addEventListener("htmx:beforeSwap", ({ detail: { xhr, target, requestConfig, shouldSwap } }) => {
  if (target.id === "thread") leave();
  if (target.id !== "composer" || !shouldSwap) return;
  const { body } = target.elements, chosen = kindOf(target), sent = requestConfig.elt.id === "composer" && xhr.status === 200 && !xhr.getResponseHeader("X-Unsent");
  desk[chosen].body = body.value;
  const carry = { ...Object.fromEntries(KINDS.map((kind) => [kind, desk[kind].body])), files: Object.fromEntries(KINDS.map((kind) => [kind, desk[kind].files])) };
  if (sent) {
    const { kind, body: posted } = requestConfig.parameters;
    const now = desk[kind].body;
    carry[kind] = now.startsWith(posted) ? now.slice(posted.length).trimStart() : now;
    desk[kind].draft = "";
    carry.files[kind] = "";
  }
  if (requestConfig.elt.id !== "composer") return; // a draft that was sent or is to be edited: the composer is taken up as it comes
  carried = { ...carry, spot: document.activeElement === body && !sent ? [body.selectionStart, body.selectionEnd] : null };
});
addEventListener("pagehide", () => { gone = true; leave(); });
addEventListener("pageshow", () => { gone = false; });
document.addEventListener("visibilitychange", () => document.hidden && leave());
