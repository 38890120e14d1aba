// The socket of the frame. It brings copies of what stands in the conversation; what is lost with it is fetched.
import { livePort, token, visit } from "./server.js";

const FIRST_MS = 500, LONGEST_MS = 8_000, SIGNED_OUT = 4401, TYPING_MS = 700;

export class Line {
  #socket; #attempt = 0; #timer; #wanted = 0; #after = () => 0; #heard; #typed = 0; #isWelcome = false;

  /** `heard`: called with each frame, and with `{kind: "line", isOpen}` when the line opens or is lost. */
  constructor(heard) { this.#heard = heard; }

  get isOpen() { return this.#isWelcome; }

  /** Be told of this conversation from now on. `after`: a function that says how far it is known. */
  follow(number, after) {
    const isNew = number !== this.#wanted;
    [this.#wanted, this.#after] = [number, after];
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
    const socket = this.#socket;
    this.#lost();
    socket?.close();
  }

  #ask() { this.tell({ watch: this.#wanted, after: this.#after() }); }

  async #open() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    let secret;
    try { secret = await token(); } catch { return this.#retry(); }
    const { protocol, hostname, host } = location;
    const socket = (this.#socket = new WebSocket(`${protocol === "https:" ? "wss" : "ws"}://${livePort ? `${hostname}:${livePort}` : host}/ws/widget/`));
    socket.addEventListener("open", () => socket.send(JSON.stringify({ visit: secret })));
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
      this.#heard({ kind: "line", isOpen: true });
      if (this.#wanted) this.#ask();
    } else this.#heard(frame);
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
  }
}
