// On every page: menus that close, toasts that leave, and the live line.
import { connect } from "./live.js";

addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target) || event.target.closest("a.menu__item, button.menu__item")) menu.open = false;
  }
});

addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

const TOAST_MS = 6000;
const leave = (toast) => setTimeout(() => toast.remove(), TOAST_MS);
document.querySelectorAll("[data-toast]").forEach(leave);

/** Says something in passing. */
export function toast(text) {
  const node = document.createElement("div");
  node.className = "toast";
  node.append(text);
  document.querySelector("#toasts").append(node);
  leave(node);
}

addEventListener("htmx:sendError", () => toast("No connection. What you typed is still here."));
addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  toast(status === 404 ? "That is not there any more." : status === 429 ? "Too many requests. Please wait a minute." : "That did not work. Please try again.");
});

if (document.querySelector("[data-live]")) connect();
