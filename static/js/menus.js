// Menus that are narrowed by typing: a key opens one, some letters and Enter choose.

const items = (menu) => [...menu.querySelectorAll("[data-narrows] .menu__item")];

/** Opens it with the cursor in its field; `group` first shows only those of one kind. */
export function openMenu(menu, group = "") {
  if (!menu) return;
  menu.open = true;
  menu.dataset.group = group;
  const field = menu.querySelector("[data-narrow]");
  field.hidden = false;
  field.value = "";
  field.placeholder = group ? `Which ${group}?` : field.dataset.placeholder;
  narrow(menu);
  field.focus();
}

function narrow(menu) {
  const words = menu.querySelector("[data-narrow]").value.trim().toLowerCase();
  const group = words ? "" : menu.dataset.group;
  for (const item of items(menu)) {
    item.hidden = !item.textContent.toLowerCase().includes(words) || Boolean(group && item.dataset.group !== group);
    delete item.dataset.active;
  }
  for (const title of menu.querySelectorAll("[data-narrows] .menu__title")) title.hidden = Boolean(group && title.dataset.group !== group);
  const first = items(menu).find((item) => !item.hidden);
  if (first && (words || group)) first.dataset.active = "";
}

document.addEventListener("input", (event) => event.target.matches("[data-narrow]") && narrow(event.target.closest("details")));
document.addEventListener("toggle", (event) => {
  const field = event.target.querySelector?.("[data-narrow]");
  if (!field) return;
  if (event.target.open && !event.target.dataset.group) openMenu(event.target);
  if (!event.target.open) event.target.dataset.group = "";
}, true);
document.addEventListener("keydown", (event) => {
  if (!event.target.matches("[data-narrow]")) return;
  const visible = items(event.target.closest("details")).filter((item) => !item.hidden);
  if (event.key === "Enter") {
    event.preventDefault();
    visible[0]?.click();
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    visible[0]?.focus();
  }
});
