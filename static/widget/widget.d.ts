// Types of the widget's one global, for pages written in TypeScript. Put this file beside your sources, or name it in `types`.

interface WhetstoneOptions {
  /** The key of your site, when the script tag has no data-site. */
  site?: string;
  /** A JSON Web Token that your server has signed for whoever is signed in. */
  identity?: string;
}

interface WhetstoneContext {
  /** What the page is, rather than its address: "/orders/detail" for every order. */
  page?: string;
  title?: string;
  /** As in navigator.language. */
  locale?: string;
  /** What the customer has of your product: plan, version, flags. */
  product?: Record<string, unknown>;
}

interface Whetstone {
  /** 1 once the script has arrived. */
  readonly version?: 1;
  /** Calls made before that. */
  q?: ArrayLike<unknown>[];

  /** Puts the button on the page, once. Not needed where the script tag has data-site. */
  (call: "init", options?: WhetstoneOptions): void;
  /** Somebody signed in without a new page. Without a token they are nobody again. */
  (call: "identify", token?: string): void;
  /** What the page is, from now on: it replaces what was said before, and what is left out follows the page again. */
  (call: "setContext", values?: WhetstoneContext): void;
  /** A step that is no click. The first letters of the name count, and at most 80 of `what`. */
  (call: "track", name: string, what?: string): void;
  (call: "open"): void;
  (call: "close"): void;
  /** Shows where something on the page is. True if it was found. */
  (call: "highlight", target: string): Promise<boolean>;
  (call: "on", event: "ready" | "open" | "close", listener: () => void): void;
  (call: "on", event: "page", listener: (path: string) => void): void;
  (call: "on", event: string, listener: (detail?: unknown) => void): void;
  /** Takes everything off the page, and forgets who was there. */
  (call: "shutdown"): void;
}

declare const Whetstone: Whetstone;

interface Window {
  Whetstone: Whetstone;
}
