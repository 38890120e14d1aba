// A small product: pages that change through the History API, a server that refuses things, two faults, and the widget's calls.
const SIGN_AGAIN_MS = 10 * 60_000; // well before what the server has signed runs out
const ROUTES = [
  // Address, template, title, and what the page is to whoever helps: one name for every permit.
  [/^\/$|^\/permits$/, "permits", "Permits", "/permits"],
  [/^\/permits\/new$/, "permit-new", "New permit", "/permits/new"],
  [/^\/permits\/(\d+)$/, "permit", "Permit", "/permits/detail"],
  [/^\/people$/, "people", "People", "/people"],
  [/^\/settings\/webhooks$/, "webhooks", "Webhooks", "/settings/webhooks"],
  [/^\/billing\/invoices$/, "billing", "Billing", "/billing/invoices"],
];
const NOWHERE = [/^/, "nowhere", "Not found", ""];
const $ = (id) => document.getElementById(id);
const main = $("main"), who = $("who"), toast = $("toast");
let person = {};

// Calls wait in a queue until the widget's script has arrived.
window.Whetstone ||= (...call) => (window.Whetstone.q ||= []).push(call);
const widget = (...call) => document.body.dataset.site && window.Whetstone(...call);

// --- Pages ---

const routeOf = (path) => ROUTES.find(([address]) => address.test(path)) || NOWHERE;

function show() {
  const [address, template, title, page] = routeOf(location.pathname);
  main.replaceChildren($(template).content.cloneNode(true));
  const known = { ...person, number: location.pathname.match(address)?.[1] };
  for (const each of main.querySelectorAll("[data-of]")) each.textContent = known[each.dataset.of] || each.textContent;
  for (const each of document.querySelectorAll(".nav a")) each.toggleAttribute("aria-current", page.startsWith(each.pathname));
  document.title = `${title} · Fieldnote`;
  const { plan, role, flags } = person;
  widget("setContext", { page: page || location.pathname, ...(plan ? { product: { plan, role, flags } } : {}) });
}

function go(path) {
  document.title = `${routeOf(path)[2]} · Fieldnote`;
  history.pushState({}, "", path);
  show();
  main.focus();
  scrollTo(0, 0);
}

addEventListener("popstate", show);
addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='/']");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
  event.preventDefault();
  go(link.pathname);
});

// --- What one can do, and what goes wrong ---

async function send(path, data = {}) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(data) });
  return { ok: answer.ok, ...(await answer.json()) };
}

function say(text) {
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { toast.hidden = true; }, 5000);
}

function refuse(text, field) {
  const place = main.querySelector(".refused");
  place.textContent = text;
  place.hidden = false;
  for (const each of main.querySelectorAll("[name]")) each.toggleAttribute("aria-invalid", each.name === field);
}

const DOES = {
  // The two faults: what a map or a file would need is not there, and nobody has caught it.
  map() {
    say("The map could not be opened.");
    const layers = {};
    layers.permits.show();
  },
  download() {
    say("The invoice could not be downloaded.");
    const invoice = { files: [] };
    location.assign(invoice.files.find((file) => file.kind === "pdf").url);
  },
  invite: () => say("Invitations are off in a pretend product."),
  suspend: () => { widget("track", "suspended", "A permit was suspended"); say("Suspended. Nobody may work on it until it is resumed."); },
};

addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.does) DOES[button.dataset.does]();
  if (!button?.dataset.sends) return;
  const told = await send(button.dataset.sends);
  if (!told.ok) refuse(told.error);
});

addEventListener("submit", async (event) => {
  event.preventDefault();
  const told = await send(event.target.dataset.sends, Object.fromEntries(new FormData(event.target)));
  if (!told.ok) return refuse(told.error, told.field);
  go("/permits");
  say(`PTW-${told.number} was submitted.`);
});

// --- Who is signed in ---

function meet(found) {
  person = found;
  who.value = found.who;
  document.body.dataset.who = found.who;
}

who.addEventListener("change", async () => {
  const found = await send("/api/session", { who: who.value });
  meet(found);
  widget("identify", found.identity);
  show();
  say(found.who ? `Signed in as ${found.name}.` : "Signed out.");
});

const me = async () => (await fetch("/api/me")).json();

meet(await me());
widget("init", { site: document.body.dataset.site, identity: person.identity });
show();
setInterval(async () => { meet(await me()); widget("identify", person.identity); }, SIGN_AGAIN_MS);
