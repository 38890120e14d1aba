// Who else has this ticket open, and who is writing in it. Told by the others' screens themselves, so it costs the server nothing to know.
import { onOpen, say } from "./live.js";

const AGAIN_MS = 15_000, LOST_MS = 40_000, TYPING_MS = 5_000, TELL_MS = 2_500;
const me = Number(document.body.dataset.user);
const others = new Map(); // by id: { name, initials, hue, seen, typing, note }
let number = 0, told = 0;
let customer = { name: "", text: "", until: 0 };

const $ = (selector) => document.querySelector(selector);

/** This is the one before one's eyes now; 0 when none is. */
export function lookAt(ticket) {
  if (ticket !== number) {
    number = ticket;
    others.clear();
    customer = { name: "", text: "", until: 0 };
    look();
  }
  show();
}

/** Somebody types in it here. */
export function typing(isNote) {
  if (Date.now() - told < TELL_MS) return;
  told = Date.now();
  say({ typing: number, note: isNote });
}

const look = () => say({ view: document.hidden ? 0 : number });

function hear({ kind, number: about, user, name, initials, hue, doing, is_new: isNew, note, text, here, page }) {
  if (about !== number) return;
  if (kind === "presence" && here !== undefined) { showHere(here, page); return; }
  if (kind === "presence" && user === me) {
    if (doing === "gone") look(); // another window of one's own
    return;
  }
  if (kind === "presence" && doing === "gone") others.delete(user);
  else if (kind === "presence") {
    others.set(user, { ...others.get(user), name, initials, hue, seen: Date.now() });
    if (isNew) setTimeout(look, Math.random() * 400);
  } else if (kind === "typing" && user && user !== me) others.set(user, { initials: name[0], hue: user % 8, ...others.get(user), name, note, seen: Date.now(), typing: Date.now() + TYPING_MS });
  else if (kind === "typing" && !user) customer = { name, text, until: Date.now() + TYPING_MS };
  else if (kind === "ticket") customer.until = 0; // what they were typing stands there now
  else return;
  show();
}

function show() {
  const now = Date.now();
  for (const [user, each] of others) if (now - each.seen > LOST_MS) others.delete(user);
  const place = $("#presence");
  if (place) {
    const words = [...others.values()].map((each) => ({ ...each, words: each.typing > now ? `${each.name} is writing a ${each.note ? "note" : "reply"}` : `${each.name} is reading` }));
    const version = JSON.stringify(words.map(({ words }) => words));
    if (place.dataset.version !== version) {
      place.dataset.version = version;
      place.replaceChildren(...words.map(portrait));
    }
  }
  const line = $("#customer-typing");
  if (!line) return;
  line.hidden = customer.until <= now;
  line.querySelector("strong").textContent = customer.name;
  line.querySelector("span").textContent = customer.text ? `“${customer.text}”` : "";
}

/** The customer has the widget open, or has left it. */
function showHere(here, page) {
  const state = $("[data-here]");
  if (!state) return;
  state.classList.toggle("state--good", here);
  state.classList.toggle("state--hollow", !here);
  state.textContent = here ? `In the widget${page ? ` on ${page}` : ""}` : "Not in the widget";
}

function portrait({ initials, hue, words }) {
  const seen = document.createElement("span"), face = document.createElement("span");
  seen.className = "seen";
  face.className = "avatar avatar--18";
  face.dataset.hue = hue;
  face.setAttribute("aria-hidden", "true");
  face.textContent = initials;
  seen.append(face, words);
  return seen;
}

onOpen(look);
document.addEventListener("visibilitychange", look);
document.addEventListener("whetstone:hint", ({ detail }) => detail && ["presence", "typing", "ticket"].includes(detail.kind) && hear(detail));
setInterval(() => { if (number && !document.hidden) look(); }, AGAIN_MS);
setInterval(show, 1000);
