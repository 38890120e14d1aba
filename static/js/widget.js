// Inside the widget's frame: who is there, what was said, and what they say. The page around it is reached through one port and no other way.
const { site, origins } = document.body.dataset;
const allowed = new Set(origins.split(" ").filter(Boolean));
const $ = (id) => document.getElementById(id);
const log = $("log"), body = $("body"), ask = $("ask"), fault = $("fault"), verdict = $("verdict");
const LOOKS = { open: 2_500, closed: 30_000, most: 60_000 }; // ms between two looks

let port, token = "", identity = "", place = {}, isOpen = false, number = 0, last = 0, judged = 0, timer, misses = 0, seen = new Map(), beginning;

// --- Kept in this browser. Where frames of other origins may keep nothing (a private window, say), the page around it keeps it for us. ---

let lent = {};
const box = (() => { try { return localStorage; } catch { return null; } })();
const kept = {
  get: (name) => (box ? box.getItem(`whetstone.${site}.${name}`) : lent[name]) || "",
  set(name, value) {
    if (!box) port?.postMessage({ type: "keep", name, value: (lent[name] = value) });
    else if (value) box.setItem(`whetstone.${site}.${name}`, value);
    else box.removeItem(`whetstone.${site}.${name}`);
  },
};

// --- The server ---

class Refused extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

async function send(path, data, method) {
  const answer = await fetch(`/widget/${path}`, {
    method: method || (data ? "POST" : "GET"),
    headers: { ...(data ? { "Content-Type": "application/json" } : {}), ...(token ? { Authorization: `Visit ${token}` } : {}) },
    body: data ? JSON.stringify(data) : undefined,
    credentials: "omit",
    cache: "no-store",
  });
  const told = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, told.error?.message || "Something went wrong. Please try again.");
  return told;
}

async function begin() {
  token = "";
  const told = await send("visits/", { site, key: kept.get("key"), identity });
  if (told.key) { kept.set("key", told.key); kept.set("number", ""); forget(); }
  token = told.token;
  if (told.warning) port?.postMessage({ type: "warning", text: told.warning });
}

// A token that has run out is asked for anew, once; of several calls at a time by the first.
async function call(path, data, method) {
  for (const isLast of [false, true]) {
    try {
      if (!token) await (beginning ??= begin().finally(() => { beginning = undefined; }));
      return await send(path, data, method);
    } catch (error) {
      if (isLast || error.status !== 401) throw error;
      token = "";
    }
  }
}

// --- What stands in the conversation ---

const make = (name, css, text) => {
  const element = document.createElement(name);
  if (css) element.className = css;
  if (text !== undefined) element.textContent = text;
  return element;
};

const clock = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

function bubble(message) {
  const isMine = message.author === "customer";
  const chat = make("div", isMine ? "chat chat--me" : "chat");
  const said = make("div", "chat__body prose");
  said.innerHTML = message.html; // cleaned by the server, and the page's policy runs no script of it
  said.querySelectorAll("a[href]").forEach((link) => { link.target = "_blank"; link.rel = "noopener"; });
  if (isMine) chat.append(said, make("p", "chat__meta", message.failed ? "Not sent" : message.at ? clock(message.at) : "Sending"));
  else {
    const inside = make("div");
    if (message.name) inside.append(make("p", "chat__name", message.name));
    inside.append(said);
    for (const source of message.sources || []) inside.append(cited(source));
    if (message.options?.length) inside.append(choices(message));
    chat.append(message.author === "agent" ? face(message.name) : $("mark").content.cloneNode(true), inside);
  }
  return chat;
}

function face(name) {
  return make("span", "avatar avatar--24", name.split(/\s+/).map((part) => part[0] || "").join("").slice(0, 2).toUpperCase());
}

function cited(source) {
  const line = make("p", "chat__source");
  const what = source.url ? make("a") : make("span");
  if (source.url) { what.href = source.url; what.target = "_blank"; what.rel = "noopener"; }
  what.append(make("span", "cite", source.n), document.createTextNode(source.title));
  line.append(what);
  return line;
}

function choices(message) {
  const group = make("div", "chat__options");
  for (const option of message.options) {
    const button = make("button", "pill", option.title);
    button.type = "button";
    button.addEventListener("click", () => say("", String(option.source), option.title));
    group.append(button);
  }
  return group;
}

function put(message) {
  const mine = message.client_msg_id && seen.get(message.client_msg_id);
  const place = seen.get(message.seq);
  if (place) return;
  const drawn = bubble(message);
  if (mine) mine.replaceWith(drawn);
  else log.append(drawn);
  if (message.seq) { seen.set(message.seq, drawn); last = Math.max(last, message.seq); }
  if (message.client_msg_id) seen.set(message.client_msg_id, drawn);
}

function forget() {
  number = last = judged = 0;
  seen = new Map();
  log.replaceChildren();
  verdict.hidden = true;
  $("fresh").hidden = true;
}

function show(told) {
  if (told.number !== number) { forget(); number = told.number; kept.set("number", String(number)); }
  const before = last;
  told.messages.forEach(put);
  const answer = told.messages.find((message) => message.author !== "customer" && message.seq > before);
  if (answer && before) seen.get(answer.seq)?.scrollIntoView({ block: "nearest" }); // a long one is read from its beginning
  if (answer && seen.get(answer.seq)?.offsetHeight > body.clientHeight) seen.get(answer.seq).scrollIntoView({ block: "start" });
  judged = told.judged;
  const isClarified = told.messages.at(-1)?.kind === "clarify";
  verdict.hidden = !told.judged || told.is_resolved || isClarified;
  $("who").textContent = told.helper ? `${told.helper.split(" ")[0]} is looking after this` : told.expected || (told.is_resolved ? "Solved" : "");
  log.querySelector(".chat--pending")?.remove();
  if (told.is_pending) {
    const pending = make("div", "chat chat--pending");
    pending.append($("mark").content.cloneNode(true), make("p", "chat__body", "Working on it"));
    log.append(pending);
  }
  $("fresh").hidden = false;
  const news = told.messages.filter((message) => message.author !== "customer" && message.seq > before && before).length;
  if (isOpen && told.messages.length) call(`conversations/${number}/reading/`, {}).catch(() => {});
  else if (news) port?.postMessage({ type: "unread", count: news });
}

function fail(text) {
  fault.textContent = text;
  fault.hidden = !text;
}

// --- What they say ---

async function say(text, option = "", shown = text) {
  const id = crypto.randomUUID();
  const waiting = bubble({ author: "customer", html: "" });
  waiting.querySelector(".chat__body").textContent = shown;
  seen.set(id, waiting);
  log.append(waiting);
  verdict.hidden = true;
  fail("");
  await deliver({ text, option, client_msg_id: id, place }, waiting);
}

// The same words with the same id are said once, so that sending again is always safe.
async function deliver(words, waiting) {
  try {
    show(await call(number ? `conversations/${number}/messages/` : "conversations/", words));
    misses = 0;
    look();
  } catch (error) {
    const meta = waiting.querySelector(".chat__meta");
    const again = make("button", "link", "Send again");
    again.type = "button";
    again.addEventListener("click", () => { meta.textContent = "Sending"; deliver(words, waiting); });
    meta.replaceChildren(`Not sent. `, again);
    if (error.status) fail(error.message);
  }
}

async function judge(said, comment = "") {
  verdict.hidden = true;
  try {
    show(await call(`conversations/${number}/verdict/`, { verdict: said, answer: judged, comment }));
    look();
  } catch (error) {
    verdict.hidden = false;
    fail(error.status ? error.message : "You seem to be offline. Please try again.");
  }
}

// --- Looking whether there is something new ---

async function fetchNews() {
  if (!number || document.hidden) return;
  try {
    show(await call(`conversations/${number}/?after=${last}`));
    misses = 0;
  } catch (error) {
    misses += 1;
    if (error.status === 404) { kept.set("number", ""); forget(); }
  }
}

function look() {
  clearTimeout(timer);
  const pause = isOpen ? LOOKS.open : LOOKS.closed;
  const wait = Math.random() * Math.min(LOOKS.most, pause * 2 ** misses) * (misses ? 1 : 0) + (misses ? 0 : pause); // full jitter once it fails
  timer = setTimeout(async () => { await fetchNews(); look(); }, wait);
}

async function start() {
  forget();
  number = Number(kept.get("number")) || 0;
  if (number) await fetchNews();
  look();
}

async function earlier() {
  const { conversations } = await call("conversations/");
  const list = make("ul", "widget__earlier");
  for (const each of conversations) {
    const row = make("li"), button = make("button", each.is_unread ? "is-unread" : "");
    button.type = "button";
    button.append(make("b", "", each.subject), make("span", "", each.is_resolved ? "Solved" : each.preview));
    button.addEventListener("click", async () => { forget(); number = each.number; await fetchNews(); look(); });
    row.append(button);
    list.append(row);
  }
  forget();
  log.append(conversations.length ? list : make("p", "faint", "You have not asked anything here yet."));
}

// --- The frame and the page around it ---

addEventListener("message", (event) => {
  if (event.source !== parent || !allowed.has(event.origin) || event.data?.type !== "hello" || port) return;
  [port] = event.ports;
  ({ identity = "", place = {}, lent = {} } = event.data);
  $("earlier").hidden = false;
  port.onmessage = ({ data }) => {
    if (data.type === "place") place = data.place;
    else if (data.type === "open") { isOpen = true; place = data.place; ask.focus(); fetchNews().then(look); }
    else if (data.type === "close") { isOpen = false; look(); }
    else if (data.type === "identify" && data.identity !== identity) { identity = data.identity; token = ""; start(); }
    else if (data.type === "forget") { kept.set("key", ""); kept.set("number", ""); clearTimeout(timer); }
  };
  start();
});

$("close").addEventListener("click", () => port?.postMessage({ type: "close" }));
$("fresh").addEventListener("click", () => { kept.set("number", ""); forget(); ask.focus(); });
$("earlier").addEventListener("click", () => earlier().catch((error) => fail(error.message)));
verdict.addEventListener("click", (event) => {
  const said = event.target.closest("[data-verdict]")?.dataset.verdict;
  if (said) judge(said);
});
$("write").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = ask.value.trim();
  if (!text) return;
  ask.value = "";
  say(text);
});
ask.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); $("write").requestSubmit(); }
});
addEventListener("keydown", (event) => {
  if (event.key === "Escape") port?.postMessage({ type: "close" });
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) fetchNews(); });
addEventListener("online", () => { misses = 0; fetchNews().then(look); });
