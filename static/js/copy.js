// Buttons that copy what stands in the element they name. Where the browser keeps the clipboard to itself, it is marked to be copied by hand.

const SAID_MS = 2000;

async function copy(button) {
  const source = document.getElementById(button.dataset.copies);
  const before = [...button.childNodes];
  let said = "Copied";
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    getSelection().selectAllChildren(source);
    said = "Marked: copy it with Ctrl+C";
  }
  button.replaceChildren(said);
  setTimeout(() => button.replaceChildren(...before), SAID_MS);
}

for (const button of document.querySelectorAll("[data-copies]")) {
  button.hidden = false;
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", () => {
    if (button.textContent.startsWith("Copy")) copy(button);
  });
}
