// The live line: hints that something changed. Without a socket the page is told to look by itself now and then.
//   whetstone:hint  detail = what the server said
//   whetstone:poll  time to look
//   whetstone:line  detail = { open }

const POLL_MS = 8000;
const FIRST_MS = 500;
const LONGEST_MS = 8_000;
const SIGNED_OUT = 4401;

let socket = null;
let attempt = 0;
const watched = new Set();

function address() {
  const { protocol, hostname, host } = location;
  const port = document.documentElement.dataset.livePort;
  return `${protocol === "https:" ? "wss" : "ws"}://${port ? `${hostname}:${port}` : host}/ws/live/`;
}

const isOpen = () => socket?.readyState === WebSocket.OPEN;
const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

/** Asks to be told of a ticket, now and after every reconnection. */
export function watch(number) {
  watched.add(number);
  if (isOpen()) socket.send(JSON.stringify({ watch: number }));
}

/** Tells the server; while there is no line it does not matter, since what counts is said over HTTP. */
export function say(frame) {
  if (isOpen()) socket.send(JSON.stringify(frame));
}

/** Each time the line is open again. */
export const onOpen = (work) => document.addEventListener("whetstone:line", ({ detail }) => detail.open && work());

function open() {
  socket = new WebSocket(address());
  socket.addEventListener("open", () => {
    attempt = 0;
    for (const number of watched) socket.send(JSON.stringify({ watch: number }));
    tell("whetstone:line", { open: true });
    if (!watched.size) tell("whetstone:poll"); // what happened while nobody listened
  });
  socket.addEventListener("message", ({ data }) => {
    let hint;
    try { hint = JSON.parse(data); } catch { return; } // a hint that cannot be read is no hint
    if (["behind", "watching", "refused"].includes(hint.kind)) tell("whetstone:poll"); // told too late, or from now on only
    else tell("whetstone:hint", hint);
  });
  socket.addEventListener("close", ({ code }) => {
    tell("whetstone:line", { open: false });
    if (code !== SIGNED_OUT) whenVisible(retry);
  });
}

/** Full jitter, so that a restarted server is not stormed. */
function retry() {
  setTimeout(open, Math.random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt++));
}

function whenVisible(work) {
  if (!document.hidden) work();
  else document.addEventListener("visibilitychange", () => whenVisible(work), { once: true });
}

export function connect() {
  document.querySelectorAll("[data-watch]").forEach((node) => watched.add(Number(node.dataset.watch)));
  open();
  setInterval(() => { if (!isOpen() && !document.hidden) tell("whetstone:poll"); }, POLL_MS);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) tell("whetstone:poll"); });
}
