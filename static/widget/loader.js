// The widget's part that stands on other people's pages: a button, a frame from our own origin, and what the page says of itself.
// One script tag, no dependency, one global. Everything else happens in the frame, which is fetched when it is first opened.
(() => {
  "use strict";
  const script = document.currentScript;
  const base = new URL(script?.src || location.href).origin;
  const early = window.Whetstone?.q || [];
  if (window.Whetstone?.version) return;

  const MOST = 20; // of the last actions
  const WORDS = 80;
  const IGNORED = "[data-whetstone-ignore]";
  const SECRET = /[^\s/?#&=]{32,}|[\w.+-]+@[\w-]+\.[\w.-]+|\b\d(?:[ -]?\d){11,18}\b/g; // tokens, addresses, cards

  let site = script?.dataset.site || "";
  let identity = "";
  let given = {};
  let actions = [], failure = "";
  let frame = null, port = null, parts = null, waiting = [];
  let isOpen = false;
  let undo = [];
  const listeners = new Map();

  const warn = (text) => console.warn(`Whetstone: ${text}`);
  // Nothing of ours may break the page that carries us.
  const guarded = (action) =>
    function (...args) {
      try {
        return action.apply(this, args);
      } catch (error) {
        warn(error?.message || "something went wrong");
      }
    };

  // --- What the page says of itself ---

  const plain = (text) => String(text ?? "").replace(/\s+/g, " ").trim().replace(SECRET, "…").slice(0, WORDS);
  const here = () => location.pathname.replace(SECRET, "…").slice(0, 500);
  const isPrivate = () => navigator.doNotTrack === "1" || navigator.globalPrivacyControl === true;

  function place() {
    const found = { page: here(), title: plain(document.title), locale: navigator.language || "", viewport: `${innerWidth}x${innerHeight}` };
    if (!isPrivate()) Object.assign(found, { error: failure, actions });
    return { ...found, ...given };
  }

  function note(kind, what, selector = "") {
    if (isPrivate()) return;
    actions = [...actions.slice(1 - MOST), { kind, what: plain(what), selector: selector.slice(0, 200), at: new Date().toISOString() }];
    tell({ type: "place", place: place() });
  }

  // By what the page's authors gave it, not by where it happens to stand.
  function selectorOf(element) {
    for (const name of ["data-testid", "data-test", "id", "name"]) {
      const value = element.getAttribute(name);
      if (value && value.length <= 60 && !/\d{4,}/.test(value)) return name === "id" ? `#${CSS.escape(value)}` : `[${name}="${CSS.escape(value)}"]`;
    }
    return element.tagName.toLowerCase();
  }

  const clicked = guarded((event) => {
    const path = event.composedPath?.() ?? [event.target];
    if (parts && path.includes(parts.host)) return;
    const element = path.find((each) => each instanceof Element && each.matches("a, button, summary, label, [role=button], [role=tab], [role=menuitem], input"));
    if (!element || path.some((each) => each instanceof Element && each.matches(IGNORED))) return;
    // What somebody typed is nobody's business: of a field its label, never its value.
    const words = element.matches("input, textarea, select") ? element.labels?.[0]?.textContent || element.name || element.type : element.getAttribute("aria-label") || element.textContent;
    note("click", words, selectorOf(element));
  });

  const broke = guarded((event) => {
    failure = plain(event.message || event.reason?.message || event.reason || "");
    if (failure) note("error", failure);
  });

  function moved() {
    note("page", document.title);
    emit("page", here());
  }

  function watch(target, name, after) {
    const original = target[name];
    if (typeof original !== "function") return;
    const replaced = function (...args) {
      const result = original.apply(this, args);
      guarded(after)(...args);
      return result;
    };
    target[name] = replaced;
    undo.push(() => {
      if (target[name] === replaced) target[name] = original;
    });
  }

  function listen(target, name, action, options) {
    target.addEventListener(name, action, options);
    undo.push(() => target.removeEventListener(name, action, options));
  }

  // The method, the path and the status of what failed; never a body, a header or a query.
  function requests() {
    const fetched = window.fetch;
    if (typeof fetched !== "function") return;
    const replaced = function (...args) {
      const answer = fetched.apply(this, args);
      answer.then(
        guarded((response) => {
          if (response.status >= 400) note("request", `${String(args[1]?.method || args[0]?.method || "GET").toUpperCase()} ${new URL(response.url || args[0], location.href).pathname} ${response.status}`);
        }),
        guarded(() => note("request", `${String(args[1]?.method || "GET").toUpperCase()} ${new URL(args[0]?.url || args[0], location.href).pathname} failed`)),
      );
      return answer;
    };
    window.fetch = replaced;
    undo.push(() => {
      if (window.fetch === replaced) window.fetch = fetched;
    });
  }

  function observe() {
    listen(document, "click", clicked, { capture: true, passive: true });
    listen(window, "error", broke);
    listen(window, "unhandledrejection", broke);
    listen(window, "popstate", guarded(moved));
    watch(history, "pushState", moved);
    watch(history, "replaceState", moved);
    requests();
  }

  // --- What stands on the page ---

  const LOOK = `
    :host { all: initial !important; position: fixed !important; inset: auto 0 0 auto !important; z-index: 2147483000 !important; color-scheme: light dark !important; }
    button { position: fixed; inset: auto 1.5rem 1.5rem auto; inline-size: 3.25rem; block-size: 3.25rem; border: 0; border-radius: 1.625rem; padding: 0;
      display: grid; place-items: center; cursor: pointer; color: #fff; background: #1d4ed8; box-shadow: 0 1px 2px rgb(0 0 0 / .2), 0 8px 24px rgb(0 0 0 / .18); }
    button:focus-visible { outline: 3px solid #93b4ff; outline-offset: 2px; }
    svg { inline-size: 1.5rem; block-size: 1.5rem; fill: none; stroke: currentColor; stroke-width: 1.75; stroke-linecap: round; stroke-linejoin: round; }
    .count { position: absolute; inset: -.25rem -.25rem auto auto; min-inline-size: 1.25rem; block-size: 1.25rem; border-radius: .625rem; padding-inline: .25rem; box-sizing: border-box;
      background: #c2410c; color: #fff; font: 600 .75rem/1.25rem system-ui, sans-serif; text-align: center; }
    iframe { position: fixed; inset: auto 1.5rem 5.75rem auto; inline-size: min(25rem, calc(100vw - 3rem)); block-size: min(40rem, calc(100dvh - 7.25rem)); border: 0; border-radius: 1rem;
      background: transparent; box-shadow: 0 2px 6px rgb(0 0 0 / .12), 0 16px 48px rgb(0 0 0 / .22); color-scheme: light dark; }
    .count:empty, iframe[hidden] { display: none; }
    @media (max-width: 30rem) { iframe { inset: 0; inline-size: 100vw; block-size: 100dvh; border-radius: 0; } }
    iframe.away { inset-inline: 1.5rem auto; }
    .ring { position: fixed; inset: 0 auto auto 0; box-sizing: border-box; border: 3px solid #1d4ed8; border-radius: .5rem; pointer-events: none;
      box-shadow: 0 0 0 4px rgb(147 180 255 / .55); }
    .coach { position: absolute; inset: calc(100% + .625rem) auto auto 0; max-inline-size: 16rem; inline-size: max-content; padding: .375rem .625rem; border-radius: .5rem;
      background: #1d4ed8; color: #fff; font: 600 .8125rem/1.4 system-ui, sans-serif; box-shadow: 0 8px 24px rgb(0 0 0 / .18); }
    .coach span { display: block; font-weight: 400; opacity: .9; }
    .coach.above { inset-block: auto calc(100% + .625rem); } .coach.left { inset-inline: auto 0; }
    @media (prefers-reduced-motion: no-preference) { .ring { animation: ring 1.2s ease-in-out 3 alternate; } }
    @keyframes ring { from { box-shadow: 0 0 0 2px rgb(147 180 255 / .8); } to { box-shadow: 0 0 0 10px rgb(147 180 255 / .15); } }
    @media print { :host { display: none !important; } }`;
  const OPEN = "M21 12a8.5 8.5 0 0 1-12.6 7.4L3 21l1.6-5.4A8.5 8.5 0 1 1 21 12z";
  const CLOSE = "m6 9 6 6 6-6";
  const SVG = "http://www.w3.org/2000/svg";

  function build() {
    const host = document.createElement("whetstone-widget");
    const root = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet(); // allowed where inline styles are not
    sheet.replaceSync(LOOK);
    root.adoptedStyleSheets = [sheet];
    const button = document.createElement("button");
    const count = document.createElement("span");
    button.type = "button";
    count.className = "count";
    button.addEventListener("click", guarded(() => (isOpen ? close() : open())));
    root.append(button);
    document.documentElement.append(host); // not in the body, which some pages draw anew, or move
    parts = { host, root, button, count };
    draw();
  }

  function draw(unread) {
    if (!parts) return;
    const { button, count } = parts;
    if (unread !== undefined) count.textContent = unread ? String(Math.min(unread, 9)) : "";
    const icon = document.createElementNS(SVG, "svg");
    const line = document.createElementNS(SVG, "path");
    icon.setAttribute("viewBox", "0 0 24 24");
    icon.setAttribute("aria-hidden", "true");
    line.setAttribute("d", isOpen ? CLOSE : OPEN);
    icon.append(line);
    button.replaceChildren(icon, count);
    button.setAttribute("aria-label", isOpen ? "Close help" : count.textContent ? `Help, ${count.textContent} new` : "Help");
    button.setAttribute("aria-expanded", String(isOpen));
  }

  // --- The frame ---

  function tell(message) {
    if (port) port.postMessage(message);
    else if (frame) waiting.push(message);
  }

  function load() {
    frame = document.createElement("iframe");
    frame.title = "Help";
    frame.src = `${base}/widget/frame/${encodeURIComponent(site)}/`;
    frame.allow = "clipboard-write";
    frame.addEventListener("load", guarded(() => {
      const channel = new MessageChannel();
      port = channel.port1;
      port.onmessage = guarded((event) => heard(event.data || {}));
      frame.contentWindow.postMessage({ type: "hello", identity, place: place(), lent: lent() }, base, [channel.port2]);
      waiting.splice(0).forEach((message) => port.postMessage(message));
    }));
    parts.root.append(frame);
  }

  // For the frame, where the browser lets frames of other origins keep nothing.
  const LENT = ["key", "number"];
  const lent = () => Object.fromEntries(LENT.map((name) => [name, stored((box) => box.getItem(`whetstone.${site}.${name}`)) || ""]));
  const keep = (name, value) => LENT.includes(name) && stored((box) => (value ? box.setItem(`whetstone.${site}.${name}`, value) : box.removeItem(`whetstone.${site}.${name}`)));

  function stored(action) {
    try {
      return action(localStorage);
    } catch {
      return ""; // not here either: the conversation lasts as long as the page
    }
  }

  function heard(message) {
    if (message.type === "close") close();
    else if (message.type === "unread") draw(Number(message.count) || 0);
    else if (message.type === "highlight") point(message);
    else if (message.type === "stop") unmark();
    else if (message.type === "keep") keep(String(message.name), String(message.value || ""));
    else if (message.type === "warning") warn(String(message.text));
    else if (message.type === "event") emit(String(message.name), message.detail);
  }

  // --- Showing where something is ---

  let unmark = () => {}, over = () => {};
  const APPEARS = 1_200; // ms in which what is pointed to may come up: a menu that has just been opened
  const AWAY = { ms: 1_000, frames: 10 }; // for which it may be gone: a page that draws itself anew, on a slow machine too
  const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

  // For the frame: it hears whether the thing was there, and when it was pressed.
  async function point({ target, answer, words, step }) {
    const [pressed, ended] = ["pressed", "ended"].map((type) => () => tell({ type, target, answer }));
    const isFound = await highlight(String(target), { words: plain(words), step: plain(step), pressed, ended });
    tell({ type: "highlighted", target, answer, isFound });
  }

  // By the name that the page's authors gave it, or as a selector of theirs; nothing that cannot be seen.
  function find(target) {
    const names = ["data-whetstone-target", "data-testid", "data-test", "id"].map((name) => `[${name}="${CSS.escape(target)}"]`);
    for (const selector of [...names, target]) {
      let found = [];
      try { found = [...document.querySelectorAll(selector)]; } catch { /* a name is seldom a selector */ }
      const seen = found.find(isSeen);
      if (seen) return seen;
    }
    return null;
  }

  const isSeen = (element) => element.isConnected && (element.checkVisibility?.({ visibilityProperty: true }) ?? Boolean(element.offsetParent));

  // Marks it wherever it goes, until it is pressed, is gone, or a minute is over. True when it was found.
  async function highlight(target, { words = "", step = "", pressed, ended } = {}) {
    unmark();
    let element = parts && find(target);
    for (const end = Date.now() + APPEARS; parts && !element && Date.now() < end; element = find(target)) await pause(100);
    if (!parts || !element) return false;
    unmark(); // of two at once the last one counts
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    element.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
    const mark = document.createElement("div");
    mark.className = "ring";
    if (words) mark.append(coach(words, step));
    parts.root.append(mark);
    const until = Date.now() + 60_000;
    let isOut = false, seenAt = 0, missed = 0; // out: scrolled away in whatever holds it
    const sight = new IntersectionObserver((met) => { isOut = !met.at(-1).isIntersecting; });
    const press = guarded(() => { done(); pressed?.(); });
    const drop = () => { sight.disconnect(); element.removeEventListener("click", press, true); };
    const take = (found) => { element = found; sight.observe(element); element.addEventListener("click", press, true); };
    const done = (unmark = () => { mark.remove(); frame?.classList.remove("away"); drop(); });
    const end = (over = () => { if (mark.isConnected) { done(); ended?.(); } });
    const follow = guarded(() => {
      if (!mark.isConnected) return;
      if (Date.now() > until) return end();
      const again = isSeen(element) ? element : find(target);
      if (again) [seenAt, missed] = [Date.now(), 0];
      else if (++missed > AWAY.frames && Date.now() - seenAt > AWAY.ms) return end();
      if (again && again !== element) { drop(); take(again); }
      mark.hidden = !again || isOut;
      if (again) lay(mark, again.getBoundingClientRect());
      requestAnimationFrame(follow);
    });
    take(element);
    follow();
    if (matchMedia("(max-width: 30rem)").matches) close(); // the frame covers the page there
    return true;
  }

  function lay(mark, { x, y, width, height }) {
    mark.firstChild?.classList.toggle("above", y + height + 80 > innerHeight);
    mark.firstChild?.classList.toggle("left", x + 260 > innerWidth);
    frame?.classList.toggle("away", covers(x, y, width, height));
    mark.style.cssText = `translate: ${x - 6}px ${y - 6}px; inline-size: ${width + 12}px; block-size: ${height + 12}px`;
  }

  function coach(words, step) {
    const box = document.createElement("div"), small = document.createElement("span");
    box.className = "coach";
    box.setAttribute("role", "status");
    small.textContent = step;
    box.append(words, small);
    return box;
  }

  // The frame makes room for what it points at. Once it has, it would not be in the way: it is asked where it usually stands.
  function covers(x, y, width, height) {
    if (!isOpen || !frame || innerWidth < 900) return false;
    const { width: across, height: up } = frame.getBoundingClientRect();
    return x + width > innerWidth - across - 24 && y + height > innerHeight - up - 92 && x > across + 48;
  }

  function open() {
    if (!parts) return warn("call init first.");
    if (!frame) load();
    frame.hidden = false;
    isOpen = true;
    draw(0);
    tell({ type: "open", place: place() });
    frame.focus();
    emit("open");
  }

  function close() {
    if (!isOpen) return;
    isOpen = false;
    frame.hidden = true;
    draw();
    tell({ type: "close" });
    parts.button.focus();
    emit("close");
  }

  // --- What the page may call ---

  function emit(name, detail) {
    (listeners.get(name) || []).forEach((listener) => guarded(listener)(detail));
  }

  const calls = {
    init(options = {}) {
      site = options.site || site;
      if (!site) return warn("init needs the key of a site.");
      if (parts) return warn("it has been started before.");
      if (options.identity) identity = String(options.identity);
      const begin = guarded(() => { build(); observe(); emit("ready"); });
      if (document.body) begin();
      else document.addEventListener("DOMContentLoaded", begin, { once: true });
    },
    // `token`: signed by your server for whoever is signed in; without one they are nobody again.
    identify(token = "") {
      identity = String(token || "");
      tell({ type: "identify", identity });
    },
    setContext(values = {}) {
      const known = ["page", "title", "locale", "product"];
      given = Object.fromEntries(Object.entries(values).filter(([name]) => known.includes(name)));
      tell({ type: "place", place: place() });
    },
    track(name, what = "") {
      note(`track:${plain(name)}`.slice(0, 20), what || name);
    },
    open,
    close,
    highlight: (target) => { over(); return highlight(String(target)); },
    on(name, listener) {
      if (typeof listener !== "function") return warn("on needs a function.");
      listeners.set(name, [...(listeners.get(name) || []), listener]);
    },
    shutdown() {
      tell({ type: "forget" });
      undo.splice(0).forEach((each) => each());
      unmark();
      parts?.host.remove();
      parts = frame = port = null;
      [waiting, actions, isOpen] = [[], [], false];
      identity = failure = "";
    },
  };

  window.Whetstone = guarded((name, ...rest) => {
    if (!Object.hasOwn(calls, name)) return warn(`there is no “${name}”. There are ${Object.keys(calls).join(", ")}.`);
    return calls[name](...rest);
  });
  window.Whetstone.version = 1;
  early.forEach((each) => window.Whetstone(...each));
  if (site && !parts && !early.some((each) => each[0] === "init")) calls.init();
})();
