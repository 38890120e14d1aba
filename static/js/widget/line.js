// The socket of the frame. It brings copies of what stands in the conversation; what is lost with it is fetched.
import { livePort, token, visit } from "./server.js";

const FIRST_MS = 500, LONGEST_MS = 8_000, SIGNED_OUT = 4401, TYPING_MS = 700;
const BLOCKED_AFTER = 3; // sockets that never opened: then requests that wait do their work, while it is tried again

export class Line {
  #socket; #attempt = 0; #timer; #wanted = 0; #asked = 0; #after = () => 0; #heard; #typed = 0; #isWelcome = false;
  #waiting; #version = () => ""; // of long polling: the request that waits, and what is shown

  /** `heard`: called with each frame, and with `{kind: "line", isOpen}` when the line opens or is lost. */
  constructor(heard) { this.#heard = heard; }

  get isOpen() { return this.#isWelcome || Boolean(this.#waiting?.isHeard); }

  /** Be told of this conversation from now on. `after`, `version`: functions that say how far it is known, and as what. */
  follow(number, after, version) {
    const isNew = number !== this.#wanted;
    [this.#wanted, this.#after, this.#version] = [number, after, version];
    if (isNew && this.#waiting) this.#listen();
    if (this.#isWelcome && isNew && number) this.#ask();
    else if (!this.#socket && !this.#timer) this.#open();
  }

  tell(frame) { if (this.#isWelcome) this.#socket.send(JSON.stringify(frame)); }

  typing(text) {
    if (!this.#wanted || Date.now() - this.#typed < TYPING_MS) return;
    this.#typed = Date.now();
    this.tell({ typing: this.#wanted, text: text.slice(0, 160) });
  }

  close() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#unlisten();
    const socket = this.#socket;
    this.#lost();
    socket?.close();
  }

  #question() { return { watch: this.#wanted, after: this.#after() }; }

  #ask() { this.tell(this.#question()); }

  async #open() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    let secret;
    try { secret = await token(); } catch { return this.#retry(); }
    const socket = (this.#socket = new WebSocket(address("ws")));
    socket.addEventListener("open", () => {
      this.#asked = this.#wanted;
      socket.send(JSON.stringify({ visit: secret, ...(this.#wanted ? this.#question() : {}) }));
    });
    socket.addEventListener("message", ({ data }) => { if (socket === this.#socket) this.#hear(data); });
    socket.addEventListener("close", ({ code }) => {
      if (socket !== this.#socket) return;
      this.#lost();
      if (code === SIGNED_OUT) visit.token = ""; // run out, or over: a new one says which
      this.#retry();
    });
  }

  #hear(data) {
    let frame;
    try { frame = JSON.parse(data); } catch { return; }
    if (frame.kind === "welcome") {
      this.#attempt = 0;
      this.#isWelcome = true;
      this.#unlisten();
      this.#heard({ kind: "line", isOpen: true });
      if (this.#wanted && this.#wanted !== this.#asked) this.#ask();
    } else this.#heard(frame);
  }

  // --- Without sockets ---

  #unlisten() {
    this.#waiting?.abort.abort();
    this.#waiting = undefined;
  }

  async #listen() {
    this.#unlisten();
    const mine = (this.#waiting = { abort: new AbortController(), isHeard: false });
    while (this.#waiting === mine) {
      try {
        await (this.#wanted ? this.#wait(mine) : pause(FIRST_MS));
      } catch {
        if (mine.isHeard && this.#waiting === mine) { mine.isHeard = false; this.#heard({ kind: "line", isOpen: false }); }
        await pause(Math.random() * LONGEST_MS);
      }
    }
  }

  /** One request, answered when there is something new, or after a while with nothing. */
  async #wait(mine) {
    const query = new URLSearchParams({ number: this.#wanted, after: this.#after(), version: this.#version() });
    const headers = { Authorization: `Visit ${await token()}` };
    const answer = await fetch(`${address("http")}poll/?${query}`, { headers, credentials: "omit", cache: "no-store", signal: mine.abort.signal });
    if (answer.status === 401) visit.token = "";
    if (!answer.ok) throw new Error(String(answer.status));
    const { frames } = await answer.json();
    if (this.#waiting !== mine) return;
    if (!mine.isHeard) { mine.isHeard = true; this.#heard({ kind: "line", isOpen: true }); }
    for (const frame of frames) this.#heard(frame);
  }

  #lost() {
    const wasOpen = this.#isWelcome;
    this.#socket = undefined;
    this.#isWelcome = false;
    if (wasOpen) this.#heard({ kind: "line", isOpen: false });
  }

  // Full jitter, so that a restarted server is not stormed.
  #retry() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), Math.random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#attempt++));
    if (this.#attempt >= BLOCKED_AFTER && !this.#waiting) this.#listen();
  }
}

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

function address(kind) {
  const { protocol, hostname, host } = location;
  return `${kind}${protocol === "https:" ? "s" : ""}://${livePort ? `${hostname}:${livePort}` : host}/ws/widget/`;
}
