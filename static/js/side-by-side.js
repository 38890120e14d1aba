// The live feed and the chats beside it. Hints say that something changed; what is true is fetched, and what is being typed stays.
import { prepareForms } from "./attach.js";
import { say, watch } from "./live.js";
import { toast } from "./toast.js";

const MOST = 4, TYPING_MS = 700, TYPING_LASTS = 5_000;
const chats = document.querySelector("#chats");
const open = () => [...chats.querySelectorAll("[data-chat]")];
const pane = (number) => chats.querySelector(`[data-chat="${number}"]`);
const busy = new Map(); // number -> whether it is to be fetched once more

async function fetched(url, target) {
  const answer = await fetch(url, { headers: { "HX-Request": "true", "HX-Target": target, "HX-Current-URL": location.href } });
  if (answer.headers.has("HX-Redirect")) location.assign(answer.headers.get("HX-Redirect"));
  if (!answer.ok) throw new Error(`${answer.status} for ${url}`);
  return answer.status === 204 ? null : new DOMParser().parseFromString(await answer.text(), "text/html");
}

/** Never twice at a time; once more when it was asked for meanwhile. */
function once(work) {
  let running = false, again = false;
  return async () => {
    if (running) { again = true; return; }
    running = true;
    try { await work(); } catch (error) { console.info("Not refreshed:", error.message); }
    running = false;
    if (again) { again = false; setTimeout(refreshFeed, 1_000); }
  };
}

const address = (numbers = open().map((each) => each.dataset.chat)) => `/live/${numbers.length ? `?${numbers.map((number) => `chat=${number}`).join("&")}` : ""}`;

const refreshFeed = once(async () => {
  const fresh = (await fetched(address(), "feed"))?.querySelector("#feed"), feed = document.querySelector("#feed");
  if (!fresh) return;
  const focused = document.activeElement?.dataset?.open, top = feed.scrollTop;
  feed.replaceChildren(...fresh.childNodes);
  feed.scrollTop = top;
  if (focused) feed.querySelector(`[data-open="${focused}"]`)?.focus({ preventScroll: true });
});

// ── The chats ─────────────────────────────────────────────────────────────────

const atEnd = (log) => log.scrollTop > -40; // the log is turned over: 0 is its end

async function refresh(which) {
  const number = Number(which), shown = pane(number);
  if (!shown) return;
  if (busy.has(number)) { busy.set(number, true); return; }
  busy.set(number, false);
  try {
    const fresh = (await fetched(`/live/${number}/?version=${encodeURIComponent(shown.dataset.version)}`, "chat"))?.querySelector("[data-chat]");
    if (fresh) renew(shown, fresh);
  } catch (error) { console.info("Not refreshed:", error.message); }
  const again = busy.get(number);
  busy.delete(number);
  if (again) await refresh(number);
}

/** All but where somebody writes. */
function renew(shown, fresh) {
  shown.dataset.version = fresh.dataset.version;
  const log = shown.querySelector("[data-log]"), wasAtEnd = atEnd(log);
  log.replaceChildren(...fresh.querySelector("[data-log]").childNodes);
  if (wasAtEnd) log.scrollTop = 0;
  for (const part of [".live-chat__head", ".live-chat__bar"]) {
    const old = shown.querySelector(part);
    if (!old.querySelector("details[open]") && !old.contains(document.activeElement)) old.replaceWith(fresh.querySelector(part));
  }
  const form = shown.querySelector("[data-say]"), seen = fresh.querySelector("[name=seen_seq]").value;
  form.elements.seen_seq.value = seen;
  form.elements.body.placeholder = fresh.querySelector("[name=body]").placeholder;
  hushed(shown);
}

async function openChat(number) {
  if (pane(number)) { pane(number).querySelector("[name=body]").focus(); return; }
  if (open().length >= MOST) { toast("Four chats are open. Close one first."); return; }
  const fresh = (await fetched(`/live/${number}/`, "chat")).querySelector("[data-chat]");
  chats.querySelector(".live__empty").before(document.adoptNode(fresh));
  prepareForms(fresh);
  watch(Number(number));
  history.replaceState(null, "", address());
  fresh.querySelector("[name=body]").focus();
  refreshFeed();
}

function closeChat(number) {
  pane(number).remove();
  history.replaceState(null, "", address());
  document.querySelector(`[data-open="${number}"]`)?.focus();
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const opener = event.target.closest("[data-open]"), closer = event.target.closest("[data-close]");
  if (!opener && !closer) return;
  event.preventDefault();
  if (closer) closeChat(closer.dataset.close);
  else openChat(opener.dataset.open).catch(() => location.assign(opener.href));
});

// Take over, hand back, pass on, say: sent as they stand, and the pane shows what came of it.
document.addEventListener("submit", async (event) => {
  const form = event.target, shown = form.closest("[data-chat]");
  if (!shown) return;
  event.preventDefault();
  const data = new FormData(form, event.submitter), says = "say" in form.dataset;
  const fault = shown.querySelector("[data-fault]");
  fault.hidden = true;
  form.inert = true;
  try {
    const answer = await fetch(form.action, { method: "POST", body: data, headers: { "HX-Request": "true", "HX-Target": "composer" } });
    if (answer.status === 422) throw new Error(reason(await answer.text()));
    if (!answer.ok && !answer.redirected) throw new Error("That did not work. Please try again.");
    if (says) sent(form);
    else form.closest("details")?.removeAttribute("open");
    document.activeElement?.blur();
  } catch (error) {
    fault.textContent = error instanceof TypeError ? "No connection. What you typed is still here." : error.message;
    fault.hidden = false;
  }
  form.inert = false;
  await refresh(shown.dataset.chat);
  refreshFeed();
  if (says) form.elements.body.focus();
});

function sent(form) {
  form.elements.body.value = "";
  form.elements.client_msg_id.value = crypto.randomUUID();
  form.querySelector("[data-attached]").replaceChildren();
}

function reason(html) {
  const told = new DOMParser().parseFromString(html, "text/html");
  return (told.querySelector("#composer-errors") ?? told.querySelector(".banner--info div"))?.textContent.trim() || "That was not sent.";
}

// ── Typing ────────────────────────────────────────────────────────────────────

let typed = 0;

document.addEventListener("input", ({ target }) => {
  const shown = target.closest?.("[data-chat]");
  if (!shown || target.name !== "body" || target.form.elements.kind.value !== "reply" || Date.now() - typed < TYPING_MS) return;
  typed = Date.now();
  say({ typing: Number(shown.dataset.chat) });
});
document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.("[data-say]");
  if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); form.requestSubmit(); }
});

const timers = new WeakMap();

function hushed(shown) {
  clearTimeout(timers.get(shown));
  shown.querySelector("[data-typing]").hidden = true;
}

function types(shown, { name, text }) {
  const line = shown.querySelector("[data-typing]");
  line.textContent = text ? `${name} is typing: ${text}` : `${name} is typing`;
  line.hidden = false;
  clearTimeout(timers.get(shown));
  timers.set(shown, setTimeout(() => hushed(shown), TYPING_LASTS));
}

// ── What the server says ──────────────────────────────────────────────────────

const me = Number(document.body.dataset.user) || 0;

document.addEventListener("whetstone:hint", ({ detail }) => {
  const shown = pane(detail.number);
  if (detail.kind === "typing") { if (shown && detail.user !== me) types(shown, detail); return; }
  if (detail.kind === "presence" && detail.here === undefined) return; // a colleague's, not the customer's
  if (detail.kind === "presence" && shown) shown.dataset.version = "";
  if (["ticket", "read", "presence"].includes(detail.kind)) {
    if (shown) refresh(detail.number);
    refreshFeed();
  }
});
document.addEventListener("whetstone:poll", () => {
  if (document.hidden) return;
  refreshFeed();
  open().forEach((each) => refresh(each.dataset.chat));
});
setInterval(() => { if (!document.hidden) refreshFeed(); }, 15_000); // who is there, and how long it has taken, changes by itself

open().forEach((each) => watch(Number(each.dataset.chat)));
