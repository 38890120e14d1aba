// Files that go with what somebody writes: chosen, pasted or dropped, put down at once, and taken out again until they are sent.
// Forms say where in `data-attach`; one that says nothing (nobody is signed in yet) carries its files along when it is sent.

const $ = (selector, root) => root.querySelector(selector);
const formOf = (node) => node?.closest?.("form:has([data-attaching])") ?? null;
const listOf = (form) => $("[data-attached]", form);
const FAILED = "That file could not be sent. Please try again.";
const busy = new WeakMap(); // form -> how many files are on their way
const held = new WeakMap(); // form -> what it was to be sent with, once they have arrived

export function prepareForms(root = document) {
  for (const place of root.querySelectorAll("[data-attaching]")) {
    const form = formOf(place);
    if (form?.dataset.attach) place.dataset.ready = "";
    if (form) need(form);
  }
}

function complain(form, text = "") {
  const line = $("[data-attach-error]", form);
  line.textContent = text;
  line.hidden = !text;
}

/** A picture alone may be a message; what has neither is none, and a question needs words. */
function need(form) {
  const box = form.elements.body;
  if (!box) return;
  box.dataset.needed ??= String(box.required);
  box.required = box.dataset.needed === "true" && !listOf(form).children.length;
}

function changed(form) {
  need(form);
  form.dispatchEvent(new CustomEvent("whetstone:attached", { bubbles: true }));
}

function coming(file) {
  const row = document.createElement("li");
  row.className = "attachment attachment--coming";
  const spinner = document.createElement("span"), name = document.createElement("span");
  spinner.className = "spinner";
  name.className = "truncate";
  name.textContent = file.name;
  row.append(spinner, name);
  return row;
}

async function put(form, file) {
  const row = coming(file);
  listOf(form).append(row);
  busy.set(form, (busy.get(form) ?? 0) + 1);
  const data = new FormData();
  data.append("file", file, file.name);
  try {
    const answer = await fetch(form.dataset.attach, { method: "POST", body: data, headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value } });
    if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error?.message ?? FAILED);
    const shown = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("li");
    row.replaceWith(document.adoptNode(shown));
  } catch (error) {
    row.remove();
    complain(form, error instanceof TypeError ? FAILED : error.message);
  }
  busy.set(form, busy.get(form) - 1);
  changed(form);
  if (!busy.get(form) && held.has(form)) {
    const button = held.get(form);
    held.delete(form);
    if (form.isConnected && $("[data-attach-error]", form).hidden) form.requestSubmit(button?.isConnected ? button : undefined);
  }
}

function add(form, files) {
  complain(form);
  if (form.dataset.attach) return files.forEach((file) => put(form, file));
  const box = $("[data-attach-choose]", form), all = new DataTransfer();
  for (const file of [...box.files, ...files]) all.items.add(file);
  box.files = all.files;
  name(form);
}

/** What the form will carry along. */
function name(form) {
  listOf(form).replaceChildren(...[...$("[data-attach-choose]", form).files].map((file) => {
    const row = coming(file);
    $(".spinner", row).remove();
    return row;
  }));
}

const PASTED = { "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp" };

/** A screenshot from the clipboard is called image.png by every browser: say when it was taken instead. */
function named(file) {
  if (!PASTED[file.type] || !/^image\.\w+$/.test(file.name)) return file;
  const at = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" }).replaceAll(":", ".");
  return new File([file], `Screenshot ${at}.${PASTED[file.type]}`, { type: file.type });
}

document.addEventListener("change", ({ target }) => {
  if (!target.matches?.("[data-attach-choose]")) return;
  const form = formOf(target);
  if (!form?.dataset.attach) return form && name(form);
  add(form, [...target.files]);
  target.value = "";
});

document.addEventListener("paste", (event) => {
  const form = formOf(event.target), files = [...(event.clipboardData?.files ?? [])];
  if (!form || !files.length) return;
  event.preventDefault();
  add(form, files.map(named));
});

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
/** Dropped on the form itself, or anywhere on a page that has one form for it. */
const aim = (event) => formOf(event.target) ?? (document.querySelectorAll("[data-attaching]").length === 1 ? formOf(document.querySelector("[data-attaching]")) : null);

document.addEventListener("dragover", (event) => {
  const form = carriesFiles(event) && aim(event);
  if (!form) return;
  event.preventDefault();
  form.classList.add("is-dropping");
});
for (const over of ["dragleave", "dragend", "drop"]) document.addEventListener(over, () => document.querySelector(".is-dropping")?.classList.remove("is-dropping"));
document.addEventListener("drop", (event) => {
  const form = carriesFiles(event) && aim(event);
  if (!form) return;
  event.preventDefault();
  add(form, [...event.dataTransfer.files]);
});

document.addEventListener("click", ({ target }) => {
  const row = target.closest?.("[data-detach]")?.closest("[data-key]");
  if (!row) return;
  const form = formOf(row);
  fetch(`${form.dataset.attach}${row.dataset.key}/`, { method: "DELETE", headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value } }).catch(() => {});
  row.remove();
  complain(form);
  changed(form);
  (form.elements.body ?? form.elements.question)?.focus();
});

// What is still on its way is waited for.
document.addEventListener("submit", (event) => {
  if (!busy.get(event.target)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  held.set(event.target, event.submitter);
}, true);

prepareForms();
document.addEventListener("htmx:afterSettle", () => prepareForms());
