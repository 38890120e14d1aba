// What is said in passing. It leaves by itself, but not while it is being read.

const TOAST_MS = 6000;

export function leave(node) {
  const away = () => (node.matches(":hover, :focus-within") ? setTimeout(away, 1000) : node.remove());
  setTimeout(away, TOAST_MS);
}

export function toast(text) {
  const node = document.createElement("div");
  node.className = "toast";
  node.append(text);
  document.querySelector("#toasts").append(node);
  leave(node);
}
