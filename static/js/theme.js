// What the reader chose, else what the system says. Loaded in the head, not deferred, so that no page flashes.
{
  const root = document.documentElement;
  let chosen = null;
  try { chosen = localStorage.getItem("theme"); } catch { /* private windows may refuse */ }
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-theme-toggle]")) return;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* chosen for this page only */ }
  });
}
