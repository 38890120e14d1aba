// On every page: menus that close, dialogs that open, toasts that leave, times that stay true, and the live line.
import "./attach.js";
import { connect } from "./live.js";
import { keepTimes } from "./times.js";
import { leave, toast } from "./toast.js";

// ── Menus: one open at a time, closed by a click elsewhere, by Escape, by choosing ──

addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target) || event.target.closest("a.menu__item, button.menu__item")) menu.open = false;
  }
});

addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details.menu[open]") ?? document.querySelector("details.menu[open]");
  if (!menu) return;
  if (event.key === "Escape") {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    if (event.target.matches("input, textarea, select")) return;
    const items = [...menu.querySelectorAll(".menu__item")];
    const next = items.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    items.at(next % items.length)?.focus();
    event.preventDefault();
  }
});

// ── Dialogs ──

addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  const dialog = event.target.closest("dialog");
  const isBackdrop = event.target === dialog && event.detail > 0 && !isInside(dialog.getBoundingClientRect(), event);
  if (isBackdrop || event.target.closest("[data-closes]")) dialog?.close();
});

const isInside = (box, { clientX, clientY }) => clientX >= box.left && clientX <= box.right && clientY >= box.top && clientY <= box.bottom;

// ── Toasts ──

document.querySelectorAll("[data-toast]").forEach(leave);

addEventListener("htmx:sendError", () => toast("No connection. What you typed is still here."));
addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  toast(status === 404 ? "That is not there any more." : status === 429 ? "Too many requests. Please wait a minute." : "That did not work. Please try again.");
});

keepTimes();
if (document.querySelector("[data-live]")) connect();
