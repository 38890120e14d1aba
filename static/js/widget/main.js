// Inside the widget's frame: who is there, what was said, and what they say. The page around it is reached through one port and no other way.
import { $, bubble, earlierList, make, button, pending, shownBar, unsent, welcome } from "./draw.js";
import { attached, forgetFiles, listenForFiles, Tray } from "./files.js";
import { Line } from "./line.js";
import { call, kept, token, unsaid, visit } from "./server.js";

const allowed = new Set(document.body.dataset.origins.split(" ").filter(Boolean));
const log = $("log"), body = $("body"), ask = $("ask"), fault = $("fault"), verdict = $("verdict");
// ms between two looks while there is no line: where none ever opens; and once it is lost, as it then is for everybody, ever more slowly
const LOOKS = { blocked: 2_500, lost: 20_000, slower: 1.5, closed: 30_000, most: 60_000 };
const SENDS = { first: 1_000, most: 8_000 }; // ms between two attempts to send the same words
const TYPING_LASTS = 5_000;

let port, place = {}, isOpen = false;
let number = 0, known = 0, judged = 0, version = "", seen = new Map(); // the conversation: how far it is known, and what stands on the screen of it
let timer, misses = 0, looked = 0, hadLine = false, typing;

visit.onNew = () => { forget(); forgetFiles(); unsaid.clear(); tray.clear(); greet(); };
visit.onWarning = (text) => tellPage({ type: "warning", text });

const line = new Line(heard);
const tray = new Tray($("tray"), fail);
const tellPage = (message) => port?.postMessage(message);

// --- What stands in the conversation ---

function put(message) {
  if (seen.has(message.seq)) return;
  const mine = seen.get(message.client_msg_id || undefined);
  const drawn = bubble(message, attached(message.files), { choose: (option) => say("", String(option.source), option.title), why });
  drawn.dataset.seq = message.seq;
  mine?.remove();
  log.insertBefore(drawn, [...log.children].find((each) => Number(each.dataset.seq) > message.seq) || null);
  seen.set(message.seq, drawn);
  if (message.client_msg_id) seen.set(message.client_msg_id, drawn);
}

function forget() {
  number = known = judged = 0;
  version = "";
  seen = new Map();
  log.replaceChildren();
  verdict.hidden = true;
  $("missing").hidden = true;
  for (const id of ["rating", "leave", "copy"]) $(id).hidden = true;
  $("fresh").hidden = true;
}

/** `told`: the conversation's state, and what was said after `told.after`. `isNow`: it is said just now, and not read again. */
function show(told, isNow = known > 0) {
  if (told.number !== number) { forget(); number = told.number; kept.set("number", String(number)); follow(); }
  const before = known;
  const isAnswered = told.messages.some((message) => message.author !== "customer");
  log.querySelectorAll(`.chat--pending${isAnswered ? "" : ":not(.chat--typing)"}, .chat__receipt`).forEach((each) => each.remove());
  told.messages.forEach(put);
  if (told.after <= known) known = Math.max(known, told.last);
  else fetchNews(); // something between has not come yet
  judged = told.judged;
  version = told.version;
  const news = told.messages.filter((message) => message.author !== "customer" && message.seq > before);
  if (isNow && news.length) bring(seen.get(news[0].seq));
  if (told.is_pending) log.append(pending("Working on it"));
  if (told.receipt) log.append(make("p", "chat__meta chat__receipt", told.receipt));
  log.append(...log.querySelectorAll(".chat--typing"));
  const isClarified = told.messages.at(-1)?.kind === "clarify";
  verdict.hidden = !judged || told.is_resolved || isClarified || !$("missing").hidden;
  $("leave").hidden = Boolean(told.address) || !told.with_people || told.is_resolved;
  $("copy").hidden = !told.may_have_copy;
  rating(told);
  head(told);
  $("fresh").hidden = false;
  if (isOpen && news.length) call(`conversations/${number}/reading/`, {}).catch(() => {});
  else if (before && news.length) tellPage({ type: "unread", count: news.length });
  if (before && news.length) tellPage({ type: "event", name: "message", detail: { number, count: news.length } });
}

/** Who is there: whoever looks after this, who is in, or when somebody will be. */
function head(told) {
  const isLooked = Boolean(told.helper) && !told.is_resolved;
  const words = told.is_resolved ? "Solved" : isLooked ? `${told.helper.split(" ")[0]} is looking after this` : told.present || told.expected;
  $("who").replaceChildren(isLooked || (told.present && !told.is_resolved) ? make("span", "state state--good", words) : words);
}

const why = async (seq) => (await call(`conversations/${number}/messages/${seq}/why/`)).why;
const follow = () => line.follow(number, () => known, () => version);

/** A long answer is read from its beginning. */
function bring(element) {
  element?.scrollIntoView({ block: element.offsetHeight > body.clientHeight ? "start" : "nearest" });
}

function fail(text) {
  fault.textContent = text;
  fault.hidden = !text;
}

const sorry = (error) => fail(error.status ? error.message : "You seem to be offline. Please try again.");

// --- Pointing at the page around us ---

log.addEventListener("click", (event) => {
  const pointer = event.target.closest('a[href^="#show:"]');
  if (!pointer) return;
  event.preventDefault();
  const answer = [...seen].find(([seq, element]) => typeof seq === "number" && element.contains(pointer))?.[0];
  const steps = [...pointer.closest(".chat__body").querySelectorAll('a[href^="#show:"]')];
  showMe({ answer, steps, at: steps.indexOf(pointer) });
});

let guide; // the answer, the things it points to in turn, and which of them is marked

function showMe(next) {
  stopGuide();
  guide = next;
  const pointer = guide.steps[guide.at], step = guide.steps.length > 1 ? `Step ${guide.at + 1} of ${guide.steps.length}` : "";
  tellPage({ type: "highlight", target: pointer.hash.slice("#show:".length), words: pointer.textContent.trim(), step, answer: guide.answer });
}

function stopGuide() {
  guide?.bar?.remove();
  guide = undefined;
}

/** It was pressed: on to what comes next, if anything does. */
function pressed({ answer }) {
  if (guide?.answer !== answer) return;
  if (guide.at + 1 < guide.steps.length) showMe({ ...guide, at: guide.at + 1 });
  else stopGuide();
}

/** It is gone from the page, or has been marked long enough. */
function ended({ target, answer }) {
  if (guide?.answer === answer && guide.steps[guide.at].hash === `#show:${target}`) stopGuide();
}

/** What is not there is told to the desk: the answer may describe a product that has changed. */
function guided({ target, answer, isFound }) {
  if (isFound && guide?.answer === answer) {
    guide.bar = shownBar(guide.steps[guide.at].textContent.trim(), () => { tellPage({ type: "stop" }); stopGuide(); });
    seen.get(answer)?.lastChild.append(guide.bar);
    guide.bar.scrollIntoView({ block: "nearest" });
  }
  if (isFound) return;
  stopGuide();
  fail("That is not on this page, or it has moved. We have made a note of it.");
  if (answer) call(`conversations/${number}/guide/`, { target, answer }).catch(() => {});
}

// --- What they say ---

async function say(text, option = "", shown = text, files = [], id = crypto.randomUUID()) {
  unsaid.add({ id, number, text, option, shown, files });
  log.querySelector(".nudge")?.remove();
  const waiting = unsent(shown, attached(files));
  seen.set(id, waiting);
  log.append(waiting);
  verdict.hidden = true;
  fail("");
  await deliver({ text, option, client_msg_id: id, place, attachments: files.map((file) => file.key) }, waiting);
}

// The same words with the same id are said once, so that sending again is always safe.
async function deliver(words, waiting, attempt = 0) {
  try {
    await token(); // whose conversation this is may change with it
    show(await call(number ? `conversations/${number}/messages/` : "conversations/", words), true);
    unsaid.remove(words.client_msg_id);
    misses = 0;
    look();
  } catch (error) {
    const meta = waiting.querySelector(".chat__meta");
    const isRefused = error.status && error.status < 500;
    const again = () => { clearTimeout(later); meta.textContent = "Sending"; deliver(words, waiting, attempt + 1); };
    const later = isRefused ? 0 : setTimeout(again, Math.random() * Math.min(SENDS.most, SENDS.first * 2 ** attempt));
    meta.replaceChildren(isRefused ? "Not sent. " : "Waiting for a connection. ", button("link", "Send again", again));
    if (isRefused) { fail(error.message); unsaid.remove(words.client_msg_id); }
  }
}

async function judge(said, comment = "", option = "") {
  verdict.hidden = true;
  $("missing").hidden = true;
  try {
    show(await call(`conversations/${number}/verdict/`, { verdict: said, answer: judged, comment, option }));
    look();
  } catch (error) {
    verdict.hidden = false;
    sorry(error);
  }
}

/** It missed: they say what is missing, ask for a person, or pick what else may have been meant, where that is likely. */
async function miss() {
  const box = $("others"), answer = judged;
  verdict.hidden = true;
  box.hidden = true;
  $("missing").hidden = false;
  $("missing-comment").focus();
  const { others } = await call(`conversations/${number}/messages/${answer}/others/`).catch(() => ({ others: [] }));
  if (answer !== judged || !others.length) return;
  box.replaceChildren(box.firstElementChild, ...others.map((each) => button("pill", each.title, () => judge("not_quite", "", String(each.source)))));
  box.hidden = false;
}

// --- How they found it ---

function rating(told) {
  const box = $("rating");
  box.hidden = !told.is_resolved || (told.rating !== null && !box.contains(document.activeElement));
  box.querySelectorAll("[data-score]").forEach((face) => face.setAttribute("aria-pressed", String(Number(face.dataset.score) === told.rating)));
}

async function rate(score, comment = "") {
  try {
    show(await call(`conversations/${number}/rating/`, { score, comment }));
    $("rating").hidden = false;
    $("rating-more").hidden = Boolean(comment);
    $("rating-title").textContent = comment ? "Thank you. We read every word." : "Thank you. What was good, or should have been better?";
    $("rating-comment").dataset.score = score;
  } catch (error) { sorry(error); }
}

// --- Hearing and looking whether there is something new ---

function heard(frame) {
  if (frame.kind === "conversation" && frame.number === number) {
    show(frame);
  } else if (frame.kind === "behind") fetchNews();
  else if (frame.kind === "line") { misses = looked = 0; hadLine ||= frame.isOpen; if (frame.isOpen) line.tell({ page: place.page || "" }); look(); }
  else if (frame.number !== number) return;
  else if (frame.kind === "typing") someoneTypes(frame.name);
  else if (frame.kind === "stream") glimpse(frame.text);
}

function someoneTypes(name) {
  log.querySelector(".chat--typing")?.remove();
  clearTimeout(typing);
  const shown = pending(`${name} is typing`, name);
  shown.classList.add("chat--typing");
  log.append(shown);
  typing = setTimeout(() => shown.remove(), TYPING_LASTS);
}

/** An answer while it is being written. What counts comes with the message. */
function glimpse(text) {
  const shown = log.querySelector(".chat--pending:not(.chat--typing)") || log.appendChild(pending(""));
  shown.ariaBusy = "true"; // read out once, when it is whole
  shown.querySelector(".chat__body").textContent = text;
}

async function fetchNews() {
  if (!number) return;
  try {
    show(await call(`conversations/${number}/?after=${known}`));
    misses = 0;
  } catch (error) {
    misses += 1;
    if (error.status === 404) { kept.set("number", ""); forget(); }
  }
}

/** While there is a line there is nothing to look for. */
function look() {
  clearTimeout(timer);
  if (line.isOpen) return;
  const pause = !isOpen ? LOOKS.closed : hadLine ? Math.min(LOOKS.most, LOOKS.lost * LOOKS.slower ** looked) : LOOKS.blocked;
  const wait = misses ? Math.random() * Math.min(LOOKS.most, pause * 2 ** misses) : pause * (hadLine ? 0.5 + Math.random() : 1); // full jitter once it fails
  timer = setTimeout(async () => { looked += 1; if (!document.hidden) await fetchNews(); look(); }, wait);
}

async function start() {
  forget();
  number = Number(kept.get("number")) || 0;
  if (number) { await fetchNews(); follow(); }
  else greet();
  look();
  if (unsaid.all().length) sayAgain();
}

/** What the page was reloaded upon, once it is clear that it is still the same person. */
async function sayAgain() {
  await token().catch(() => {});
  for (const { id, number: to, text, option, shown, files } of unsaid.all()) {
    if (seen.has(id) || to !== number) unsaid.remove(id);
    else say(text, option, shown, files, id);
  }
}

/** Before anybody asks. Nothing of it is needed to ask. */
async function greet() {
  if (number || !isOpen) return;
  try {
    const told = await call("home/", place);
    if (number || log.querySelector(".chat")) return; // they have begun meanwhile
    log.replaceChildren(welcome(told));
    log.scrollIntoView();
    head(told);
  } catch { /* the question can be asked all the same */ }
}

async function open(which) {
  forget();
  number = which;
  kept.set("number", String(number));
  await fetchNews();
  follow();
}

async function earlier() {
  const { conversations } = await call("conversations/");
  forget();
  log.append(earlierList(conversations, open));
}

// --- The frame and the page around it ---

addEventListener("message", (event) => {
  if (event.source !== parent || !allowed.has(event.origin) || event.data?.type !== "hello" || port) return;
  [port] = event.ports;
  ({ place = {} } = event.data);
  visit.identity = event.data.identity || "";
  kept.lend(event.data.lent, tellPage);
  $("earlier").hidden = false;
  port.onmessage = ({ data }) => {
    if (data.type === "place") moved(data.place);
    else if (data.type === "open") { isOpen = true; moved(data.place); ask.focus(); if (number) fetchNews().then(look); else greet(); }
    else if (data.type === "close") { isOpen = false; look(); }
    else if (data.type === "identify" && data.identity !== visit.identity) identify(data.identity);
    else if (data.type === "highlighted") guided(data);
    else if (data.type === "pressed") pressed(data);
    else if (data.type === "ended") ended(data);
    else if (data.type === "forget") { kept.set("key", ""); kept.set("number", ""); clearTimeout(timer); line.close(); }
  };
  start();
});

/** The same person signed anew goes on; for anybody else the visit is a new one, and `onNew` clears the screen. */
async function identify(identity) {
  line.close();
  visit.identity = identity;
  visit.token = "";
  await token().catch(() => {});
  follow();
  look();
}

function moved(to) {
  const isElsewhere = to.page !== place.page;
  place = to;
  if (isElsewhere) { line.tell({ page: to.page || "" }); greet(); }
}

$("close").addEventListener("click", () => tellPage({ type: "close" }));
$("fresh").addEventListener("click", () => { kept.set("number", ""); forget(); greet(); ask.focus(); });
$("earlier").addEventListener("click", () => earlier().catch(sorry));
verdict.addEventListener("click", (event) => {
  const said = event.target.closest("[data-verdict]")?.dataset.verdict;
  if (said === "not_quite") miss();
  else if (said) judge(said);
});
$("missing").addEventListener("submit", (event) => { event.preventDefault(); judge("not_quite", $("missing-comment").value); $("missing-comment").value = ""; });
$("missing-person").addEventListener("click", () => { judge("person", $("missing-comment").value); $("missing-comment").value = ""; });
$("leave").addEventListener("submit", async (event) => {
  event.preventDefault();
  try { show(await call(`conversations/${number}/address/`, { email: $("leave-email").value })); fail(""); } catch (error) { sorry(error); }
});
$("copy").addEventListener("click", async ({ target }) => {
  try { await call(`conversations/${number}/transcript/`, {}); target.textContent = "It is on its way"; target.disabled = true; } catch (error) { sorry(error); }
});
$("rating").addEventListener("click", (event) => {
  const score = event.target.closest("[data-score]")?.dataset.score;
  if (score) rate(Number(score));
});
$("rating-more").addEventListener("submit", (event) => {
  event.preventDefault();
  const said = $("rating-comment");
  rate(Number(said.dataset.score), said.value);
});
$("write").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = ask.value.trim();
  if (!text && !number && !tray.isEmpty) return fail("Say in a few words what the file shows.");
  if (!text && tray.isEmpty) return;
  ask.value = "";
  const files = await tray.take();
  if (!files) ask.value = text;
  else if (text || files.length) say(text, "", text, files);
});
ask.addEventListener("input", () => line.typing(ask.value));
ask.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); $("write").requestSubmit(); }
});
listenForFiles(tray);
addEventListener("keydown", (event) => { if (event.key === "Escape" && !$("picture").open) tellPage({ type: "close" }); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) fetchNews(); });
addEventListener("online", () => { misses = 0; fetchNews().then(look); });
