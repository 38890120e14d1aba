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

/** `choose(option)`: one of what the assistant offers was pressed. */
export function bubble(message, choose) {
  const isMine = message.author === "customer";
  const chat = make("div", isMine ? "chat chat--me" : "chat");
  const said = make("div", "chat__body prose");
  said.innerHTML = message.html; // cleaned by the server, and the page's policy runs no script of it
  said.querySelectorAll("a[href]").forEach((link) => {
    if (link.hash.startsWith("#show:")) link.classList.add("pointer");
    else Object.assign(link, { target: "_blank", rel: "noopener" });
  });
  if (isMine) {
    chat.append(said, make("p", "chat__meta", message.at ? clock(message.at) : "Sending"));
    return chat;
  }
  const inside = make("div");
  if (message.name) inside.append(make("p", "chat__name", message.name));
  inside.append(said);
  for (const source of message.sources || []) inside.append(cited(source));
  if (message.options?.length) {
    const group = make("div", "chat__options");
    group.append(...message.options.map((option) => button("pill", option.title, () => choose(option))));
    inside.append(group);
  }
  chat.append(message.author === "agent" ? face(message.name) : mark(), inside);
  return chat;
}

/** What somebody has just written, before the server has it. */
export function unsent(text) {
  const chat = bubble({ author: "customer", html: "" });
  chat.querySelector(".chat__body").textContent = text;
  return chat;
}

/** The assistant is at it, or somebody is typing. */
export function pending(text, name = "") {
  const chat = make("div", "chat chat--pending");
  const body = make("p", "chat__body", text);
  chat.append(name ? face(name) : mark(), body);
  return chat;
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
    if (told.where) box.append(make("p", "nudge__where", `You are on ${told.where}`));
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
