// Ctrl or Cmd and K: runs whatever the page offers (its own buttons and links are the list), and finds tickets, customers and articles.
// Also what the bell needs on every page: a hint, and it is fetched again.

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const dialog = $("#palette"), input = $("#palette-input"), list = $("#palette-list");
const MOST = 8; // of what can be done, while something is typed
const SOURCES = [
  ["This ticket", "#ticket-head button:not([hidden]), #ticket-head a.menu__item, #composer button, #composer label.check"],
  ["Selected tickets", "#bulk button:not([hidden])"],
  ["Go to", ".rail .rail__item[href], .rail .menu__item, [data-theme-toggle], .tabbar a"],
  ["This page", "#list .pane__bar a, .find__help summary, main .actions > a.btn, main .actions > button"],
];

let acts = [];
let asked = "";
let waiting = 0;

/** What a button is called: its words without its key, or what it says to those who listen. */
function nameOf(node) {
  const copy = node.cloneNode(true);
  const other = $("#composer")?.elements.kind.value === "note" ? ".for-reply" : ".for-note";
  for (const extra of $$(`kbd, svg, .count, .avatar, ${other}`, copy)) extra.remove();
  const words = (node.getAttribute("aria-label") || copy.textContent || node.title).replace(/\s+/g, " ").trim();
  return node.dataset.verb ? `${node.dataset.verb} ${words}` : words; // in its menu the heading says it
}

function collect() {
  const seen = new Set();
  acts = SOURCES.flatMap(([group, selector]) => $$(selector).map((node) => ({ group, node, name: nameOf(node), key: $("kbd", node)?.textContent ?? "" })))
    .filter(({ group, name, node }) => name && !node.disabled && !seen.has(`${group} ${name}`) && seen.add(`${group} ${name}`));
}

/** The page may have been refreshed under the palette: then it is the one of the same name. */
function onPage(act) {
  if (act.node.isConnected) return act.node;
  collect();
  return acts.find(({ group, name }) => group === act.group && name === act.name)?.node ?? act.node;
}

/** What takes something away is not the first thing under Enter for whoever looks for a ticket of that name: it wants its verb. */
const fits = ({ name, node }, words) =>
  words.every((word) => name.toLowerCase().includes(word)) && (!words.length || !node.matches(".tag--button") || words.some((word) => "remove".startsWith(word)));

function showActs() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = acts.filter((act) => fits(act, words)).slice(0, words.length ? MOST : 40);
  const items = [];
  let group = "";
  for (const [index, act] of shown.entries()) {
    if (act.group !== group) {
      group = act.group;
      items.push(Object.assign(document.createElement("p"), { className: "palette__group", textContent: group }));
      items.at(-1).setAttribute("role", "presentation");
    }
    const item = document.createElement("button");
    Object.assign(item, { type: "button", className: "palette__item", id: `palette-d${index}`, tabIndex: -1 });
    item.setAttribute("role", "option");
    item.append(Object.assign(document.createElement("span"), { className: "truncate", textContent: act.name }));
    if (act.key) item.append(Object.assign(document.createElement("kbd"), { className: "push", textContent: act.key }));
    item.act = act;
    items.push(item);
  }
  $("#palette-acts").replaceChildren(...items);
  choose(0);
}

async function find() {
  const words = input.value.trim();
  asked = words;
  if (!words) $("#palette-found").replaceChildren();
  else {
    const response = await fetch(`${dialog.dataset.url}?q=${encodeURIComponent(words)}`, { headers: { "HX-Request": "true", "HX-Target": "palette-found", "HX-Current-URL": location.href } }).catch(() => null);
    if (!response?.ok || asked !== words) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    $("#palette-found").replaceWith(document.adoptNode($("#palette-found", fresh)));
  }
  choose(chosen());
  $(".palette__none").hidden = options().length > 0;
}

const options = () => $$("[role=option]", list);
const chosen = () => Math.max(0, options().findIndex((item) => item.getAttribute("aria-selected") === "true"));

function choose(index) {
  const all = options();
  for (const [place, item] of all.entries()) item.setAttribute("aria-selected", String(place === index));
  const item = all[index];
  if (item) input.setAttribute("aria-activedescendant", item.id);
  else input.removeAttribute("aria-activedescendant");
  item?.scrollIntoView({ block: "nearest" });
}

function run(item) {
  dialog.close();
  if (!item.act) location.assign(item.href);
  else {
    const node = onPage(item.act);
    if (node.matches("summary")) node.parentElement.open = true;
    node.click();
    if (node.matches("summary")) node.focus();
  }
}

function open() {
  if ($("dialog[open]") && !dialog.open) return;
  collect();
  input.value = "";
  asked = "";
  $("#palette-found").replaceChildren();
  if (!dialog.open) dialog.showModal();
  showActs();
  $(".palette__none").hidden = true;
  input.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  }
});

dialog.addEventListener("keydown", (event) => {
  const all = options();
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && all.length) choose((chosen() + step + all.length) % all.length);
  else if (event.key === "Enter" && all.length) run(all[chosen()]);
  else return;
  event.preventDefault();
});
dialog.addEventListener("click", (event) => {
  const item = event.target.closest("[role=option]");
  if (!item) return;
  event.preventDefault();
  event.stopPropagation();
  run(item);
});
input.addEventListener("input", () => {
  showActs();
  clearTimeout(waiting);
  waiting = setTimeout(find, 120);
});

// ── The bell ──────────────────────────────────────────────────────────────────

async function ring() {
  const bell = $("#bell");
  const response = bell && await fetch("/inbox/bell/", { headers: { "HX-Request": "true", "HX-Target": "bell", "HX-Current-URL": location.href } }).catch(() => null);
  if (!response?.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  if (!bell.contains(document.activeElement)) bell.replaceWith(document.adoptNode($("#bell", fresh)));
}

document.addEventListener("whetstone:hint", (event) => ["bell", "seen"].includes(event.detail?.kind) && ring());
document.addEventListener("whetstone:poll", ring);
document.addEventListener("htmx:afterSettle", (event) => event.detail.target.id === "thread" && ring());
