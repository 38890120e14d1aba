// What stands in the conversation, as elements. Text of people is set as text; only what the server has cleaned is set as HTML.
export const $ = (id) => document.getElementById(id);

export function make(name, css, text) {
  const element = document.createElement(name);
  if (css) element.className = css;
  if (text !== undefined) element.textContent = text;
  return element;
}

export function button(css, text, action) {
  const element = make("button", css, text);
  element.type = "button";
  element.addEventListener("click", action);
  return element;
}

const clock = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
const mark = () => $("mark").content.cloneNode(true);

/** `files`: the list of them, empty or not. `choose(option)`: one of what the assistant offers was pressed. `why(seq)`: the reasons, in sentences. */
export function bubble(message, files, { choose, why } = {}) {
  const isMine = message.author === "customer";
  const chat = make("div", isMine ? "chat chat--me" : "chat");
  const said = make("div", "chat__body prose");
  said.innerHTML = message.html; // cleaned by the server, and the page's policy runs no script of it
  said.querySelectorAll("a[href]").forEach((link) => {
    if (link.hash.startsWith("#show:")) link.classList.add("pointer");
    else Object.assign(link, { target: "_blank", rel: "noopener" });
  });
  if (isMine) {
    if (message.html) chat.append(said);
    if (files.children.length) chat.append(files);
    chat.append(make("p", "chat__meta", message.at ? clock(message.at) : "Sending"));
    return chat;
  }
  const inside = make("div");
  if (message.name) inside.append(make("p", "chat__name", message.name));
  if (message.html) inside.append(said);
  if (files.children.length) inside.append(files);
  for (const source of message.sources || []) inside.append(cited(source));
  if (message.has_why) inside.append(reasons(message.seq, why));
  if (message.options?.length) {
    const group = make("div", "chat__options");
    group.append(...message.options.map((option) => button("pill", option.title, () => choose(option))));
    inside.append(group);
  }
  chat.append(message.author === "agent" ? face(message.name) : mark(), inside);
  return chat;
}

/** Fetched when somebody wants to know. */
function reasons(seq, why) {
  const box = make("details", "chat__why"), told = make("div", "chat__reasons");
  box.append(make("summary", "", "Why this answer"), told);
  box.addEventListener("toggle", async () => {
    if (!box.open || told.childElementCount) return;
    try { told.replaceChildren(...(await why(seq)).map((sentence) => make("p", "", sentence))); } catch { box.open = false; }
  });
  return box;
}

/** What somebody has just written, before the server has it. */
export function unsent(text, files) {
  const chat = bubble({ author: "customer", html: text && " " }, files);
  if (text) chat.querySelector(".chat__body").textContent = text;
  return chat;
}

/** The assistant is at it, or somebody is typing. */
export function pending(text, name = "") {
  const chat = make("div", "chat chat--pending");
  const body = make("p", "chat__body", text);
  chat.append(name ? face(name) : mark(), body);
  return chat;
}

/** Under an answer: something on the page is marked. */
export function shownBar(words, stop) {
  const bar = make("p", "shownbar");
  bar.append($("icon-scan").content.cloneNode(true), make("span", "", `${words} is marked on the page`), button("btn btn--small btn--ghost", "Stop", stop));
  return bar;
}

function face(name) {
  const letters = (name || "?").split(/\s+/).map((part) => part[0] || "").join("").slice(0, 2).toUpperCase();
  const avatar = make("span", "avatar avatar--24", letters);
  avatar.setAttribute("aria-hidden", "true");
  return avatar;
}

function cited(source) {
  const line = make("p", "chat__source");
  const what = source.url ? make("a") : make("span");
  if (source.url) Object.assign(what, { href: source.url, target: "_blank", rel: "noopener" });
  what.append(make("span", "cite", source.n), document.createTextNode(source.title));
  line.append(what);
  return line;
}

export function earlierList(conversations, choose) {
  if (!conversations.length) return make("p", "faint", "You have not asked anything here yet.");
  const list = make("ul", "widget__earlier");
  for (const each of conversations) {
    const row = make("li"), open = button(each.is_unread ? "is-unread" : "", "", () => choose(each.number));
    open.append(make("b", "", each.subject), make("span", "", each.is_resolved ? "Solved" : each.preview));
    row.append(open);
    list.append(row);
  }
  return list;
}

/** What may help here before anybody asks. */
export function welcome(told) {
  const box = make("div", "nudge");
  if (told.notice) box.append(make("p", "nudge__notice", told.notice));
  if (told.articles.length) {
    if (told.where) {
      const where = make("p", "nudge__where");
      where.append($("icon-map-pin").content.cloneNode(true), `You are on ${told.where}`);
      box.append(where);
    }
    const list = make("ul");
    for (const article of told.articles) {
      const row = make("li"), link = make("a", "", article.title);
      Object.assign(link, { href: article.url, target: "_blank", rel: "noopener" });
      row.append(link);
      list.append(row);
    }
    box.append(list);
  }
  box.append(make("p", "faint", "Ask in your own words. Where we are sure, the answer comes at once."));
  return box;
}
