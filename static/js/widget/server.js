// What the frame asks of the server, and what it keeps in this browser.
export const { site, livePort } = document.body.dataset;

export class Refused extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

// Where frames of other origins may keep nothing (a private window, say), the page around the frame keeps it for us.
const box = (() => { try { return localStorage; } catch { return null; } })();
const session = (() => { try { return sessionStorage; } catch { return null; } })();
const named = (name) => `whetstone.${site}.${name}`;
let lent = {};
let tellPage = () => {};

export const kept = {
  lend(values, tell) { lent = values || {}; tellPage = tell; },
  /** Which conversation is open each tab knows for itself; a new tab begins with the newest one. */
  get: (name) => (name === "number" ? session?.getItem(named(name)) : null) ?? (box ? box.getItem(named(name)) : lent[name]) ?? "",
  set(name, value) {
    if (name === "number") session?.setItem(named(name), value);
    if (!box) tellPage({ type: "keep", name, value: (lent[name] = value) });
    else if (value) box.setItem(named(name), value);
    else box.removeItem(named(name));
  },
};

/** Words on their way. They outlast a reload of the page in this tab, and are sent again with the same id, which says them once. */
const SLOT = named("unsent");
const write = (list) => { try { session?.setItem(SLOT, JSON.stringify(list)); } catch { /* full: they stand on the screen */ } };

export const unsaid = {
  all() { try { return JSON.parse(session?.getItem(SLOT)) || []; } catch { return []; } },
  add(words) { unsaid.remove(words.id); write([...unsaid.all(), words]); },
  remove(id) { write(unsaid.all().filter((each) => each.id !== id)); },
  clear() { write([]); },
};

export const visit = { token: "", identity: "", isKnown: false, onNew() {}, onWarning() {} };
let beginning;

const SMALL = 30_000; // bytes, of which a browser sends some even while the page is closed

async function ask(path, data, method) {
  const isForm = data instanceof FormData, body = data && !isForm ? JSON.stringify(data) : data;
  const answer = await fetch(`/widget/${path}`, {
    method: method || (data ? "POST" : "GET"),
    headers: { ...(data && !isForm ? { "Content-Type": "application/json" } : {}), ...(visit.token ? { Authorization: `Visit ${visit.token}` } : {}) },
    body,
    keepalive: typeof body === "string" && body.length < SMALL,
    credentials: "omit",
    cache: "no-store",
  });
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, told.error?.message || "Something went wrong. Please try again.");
}

async function send(...request) {
  const answer = await ask(...request);
  return answer.status === 204 ? {} : answer.json();
}

async function begin() {
  visit.token = "";
  const told = await send("visits/", { site, key: kept.get("key"), identity: visit.identity });
  visit.token = told.token;
  visit.isKnown = told.is_known;
  if (told.warning) visit.onWarning(told.warning);
  if (told.key) { kept.set("key", told.key); kept.set("number", ""); visit.onNew(); }
}

/** A token: of several calls at a time the first asks for it. */
export async function token() {
  if (!visit.token) await (beginning ??= begin().finally(() => { beginning = undefined; }));
  return visit.token;
}

/** A token that has run out is asked for anew, once. */
async function known(work) {
  for (const isLast of [false, true]) {
    try {
      await token();
      return await work();
    } catch (error) {
      if (isLast || error.status !== 401) throw error;
      visit.token = "";
    }
  }
}

export const call = (path, data, method) => known(() => send(path, data, method));
export const bytes = (path) => known(async () => (await ask(path)).blob());
