// What a character in the composer offers: / macros, and in a note @ colleagues. A list that is walked with the arrows while the cursor stays in the text.
import { insert } from "./composer.js";

const TOKENS = [
  { sign: "/", pattern: /(?:^|\s)\/([^\s/]{0,30}(?: [^\s/]{1,20})?)$/, url: (composer) => composer.dataset.macros },
  { sign: "@", pattern: /(?:^|[\s(])@([^\n@]{0,40})$/, url: (composer) => composer.dataset.people, only: "note" },
];
const $ = (selector, root = document) => root.querySelector(selector);
let open = null; // { list, start, sign }
let asked = 0;
let called = ""; // who was chosen last: what is written after the name is no name

function token(body) {
  const before = body.value.slice(0, body.selectionStart).slice(-80);
  for (const { sign, pattern, url, only } of TOKENS) {
    const match = (!only || body.form.elements.kind.value === only) && pattern.exec(before);
    if (match && !(sign === "@" && called && match[1].startsWith(`${called} `))) return { sign, words: match[1], start: body.selectionStart - match[1].length - 1, url: url(body.form) };
  }
  return null;
}

async function offer(body) {
  const wanted = token(body), mine = ++asked;
  if (!wanted?.url || body.selectionStart !== body.selectionEnd) { close(); return; }
  const response = await fetch(`${wanted.url}?q=${encodeURIComponent(wanted.words)}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!response?.ok || mine !== asked || document.activeElement !== body) return;
  show(body, wanted, await response.text());
}

function show(body, { start, sign }, html) {
  close();
  const list = document.createElement("ul");
  list.innerHTML = html;
  if (!list.children.length) return;
  Object.assign(list, { id: "offers", className: "menu__list offers", role: "listbox" });
  list.setAttribute("aria-label", sign === "/" ? "Macros" : "Colleagues");
  body.form.append(list);
  body.setAttribute("aria-controls", "offers");
  open = { list, start, sign, body };
  activate(list.firstElementChild);
}

function close() {
  if (!open) return;
  open.list.remove();
  for (const name of ["aria-controls", "aria-activedescendant"]) open.body.removeAttribute(name);
  open = null;
}

function activate(option) {
  for (const each of open.list.children) {
    each.toggleAttribute("data-active", each === option);
    each.setAttribute("aria-selected", String(each === option));
  }
  open.body.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function choose(option) {
  const { start, body } = open, { macro, words, name, does, url } = option.dataset;
  close();
  if (!macro) called = name;
  insert(macro ? words : `@${name} `, { start });
  if (!macro || !does) return;
  if (words) promise(body.form, macro, `${name} ${does}`);
  else htmx.ajax("POST", url, { target: "#ticket-head", swap: "outerHTML", values: { view: body.form.elements.view.value } });
}

/** What will be done to the ticket when this is sent. */
function promise(composer, macro, text) {
  composer.elements.macro.value = macro;
  const line = $("[data-does]", composer);
  line.hidden = !macro;
  $("span", line).textContent = text;
}

document.addEventListener("input", ({ target }) => target.id === "body" && offer(target));
document.addEventListener("composer:kind", close);
document.addEventListener("focusout", ({ target }) => target.id === "body" && close());
document.addEventListener("mousedown", (event) => {
  const option = event.target.closest("#offers [role=option]");
  if (!option) return;
  event.preventDefault();
  choose(option);
});
document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-does-not]")) promise($("#composer"), "", "");
  const button = target.closest("[data-offer]");
  if (!button) return;
  const body = $("#body"), before = body.value.slice(0, body.selectionStart);
  insert(`${/\S$/.test(before) ? " " : ""}${button.dataset.offer}`);
  offer(body);
});
// Before the page's own keys: here Enter chooses and Escape only closes the list.
addEventListener("keydown", (event) => {
  if (!open || event.target !== open.body || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const options = [...open.list.children], at = options.findIndex((each) => "active" in each.dataset);
  if (event.key === "ArrowDown") activate(options[(at + 1) % options.length]);
  else if (event.key === "ArrowUp") activate(options.at(at - 1));
  else if (event.key === "Enter" || event.key === "Tab") choose(options[at]);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);
