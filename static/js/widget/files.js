// Files of the chat: put down at once, sent with the next words, and fetched with the visit's token, since an address alone opens nothing.
import { $, button, icon, make } from "./draw.js";
import { bytes, call } from "./server.js";

const PASTED = { "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp" };

/** What goes with the words that are being written. */
export class Tray {
  #list; #fail; #rows = new Map(); #coming = new Set(); #hasFailed = false; #faults = [];

  constructor(list, fail) { [this.#list, this.#fail] = [list, fail]; }

  get isEmpty() { return !this.#rows.size && !this.#coming.size; }

  add(files) {
    this.#faults = [];
    this.#fail("");
    for (const file of files) {
      const work = this.#put(file).finally(() => this.#coming.delete(work));
      this.#coming.add(work);
    }
  }

  /** The files that are here, once all have arrived; the tray is empty then. Null when one of them failed meanwhile: the words wait for a decision. */
  async take() {
    this.#hasFailed = false;
    await Promise.all(this.#coming);
    if (this.#hasFailed) return null;
    const files = [...this.#rows.values()];
    this.clear();
    return files;
  }

  clear() {
    this.#rows.clear();
    this.#list.replaceChildren();
  }

  async #put(file) {
    const row = make("li", "attachment attachment--unsent"), remove = button("attachment__remove", "", () => this.#remove(row));
    remove.append(icon("x"));
    remove.setAttribute("aria-label", `Take ${file.name} out`);
    row.append(make("span", "spinner"), make("span", "attachment__label truncate", named(file)), remove);
    this.#list.append(row);
    const data = new FormData();
    data.append("file", file, named(file));
    try {
      const put = await call("files/", data);
      if (!row.isConnected) return;
      row.firstChild.replaceWith(put.width ? Object.assign(make("img", "attachment__thumb"), { src: URL.createObjectURL(file), alt: "" }) : icon("paperclip"));
      this.#rows.set(row, put);
    } catch (error) {
      row.remove();
      this.#hasFailed = true;
      this.#faults.push(error.status ? error.message : `“${named(file)}” could not be sent. Please try again.`);
      this.#fail(this.#faults.join(" "));
    }
  }

  #remove(row) {
    const put = this.#rows.get(row);
    if (put) call(`files/${put.key}/`, undefined, "DELETE").catch(() => {});
    this.#rows.delete(row);
    row.remove();
    $("ask").focus();
  }
}

/** Every browser calls a pasted screenshot image.png. */
function named(file) {
  if (!PASTED[file.type] || !/^image\.\w+$/.test(file.name)) return file.name;
  return `Screenshot ${new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" }).replaceAll(":", ".")}.${PASTED[file.type]}`;
}

// --- What stands in the conversation ---

const fetched = new Map(); // key -> the address of its bytes in this frame

async function address(file) {
  if (!fetched.has(file.key)) fetched.set(file.key, bytes(`files/${file.key}/`).then((blob) => URL.createObjectURL(blob)));
  try { return await fetched.get(file.key); } catch (error) { fetched.delete(file.key); throw error; }
}

/** Whoever is in front of it now is somebody else. */
export function forgetFiles() {
  for (const each of fetched.values()) each.then(URL.revokeObjectURL, () => {});
  fetched.clear();
}

export function attached(files) {
  const list = make("ul", "attachments");
  list.setAttribute("aria-label", "Files");
  for (const file of files) {
    const row = make("li");
    row.append(file.width ? picture(file) : download(file));
    list.append(row);
  }
  return list;
}

function download(file) {
  const row = button("attachment", "", () => save(file));
  row.append(icon("paperclip"), make("span", "truncate", file.name), make("span", "attachment__size", file.size));
  return row;
}

function picture(file) {
  const shown = button("attachment attachment--picture", "", () => enlarge(file));
  const image = Object.assign(make("img"), { alt: file.name, width: file.width, height: file.height });
  shown.append(image);
  shown.title = file.name;
  address(file).then((url) => { image.src = url; }, () => image.replaceWith(make("span", "truncate", file.name)));
  return shown;
}

async function save(file) {
  try { Object.assign(make("a"), { href: await address(file), download: file.name }).click(); } catch { /* the row stays, to be pressed again */ }
}

async function enlarge(file) {
  const dialog = $("picture"), image = dialog.querySelector("img");
  try { image.src = await address(file); } catch { return; }
  image.alt = file.name;
  dialog.querySelector("[data-save]").onclick = () => save(file);
  dialog.showModal();
}

export function listenForFiles(tray) {
  const choose = $("choose");
  choose.addEventListener("change", () => { tray.add([...choose.files]); choose.value = ""; });
  document.addEventListener("paste", (event) => {
    if (!event.clipboardData?.files.length) return;
    event.preventDefault();
    tray.add([...event.clipboardData.files]);
  });
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => { if (carries(event)) { event.preventDefault(); $("write").classList.add("is-dropping"); } });
  for (const over of ["dragleave", "drop"]) document.addEventListener(over, () => $("write").classList.remove("is-dropping"));
  document.addEventListener("drop", (event) => { if (carries(event)) { event.preventDefault(); tray.add([...event.dataTransfer.files]); } });
  $("picture").addEventListener("click", ({ target }) => { if (target.closest("[data-close]") || target === $("picture")) $("picture").close(); });
}
