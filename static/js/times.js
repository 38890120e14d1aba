// Keeps <time data-ago datetime="…"> true while a page stays open: 38m, 2h 41m, 6h, 3d. Older ones the server has written as dates.

const MINUTE = 60, HOUR = 3600, DAY = 86400;

export function ago(seconds) {
  if (seconds < MINUTE) return "now";
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)}m`;
  if (seconds < 6 * HOUR) return `${Math.floor(seconds / HOUR)}h ${String(Math.floor((seconds % HOUR) / MINUTE)).padStart(2, "0")}m`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)}h`;
  if (seconds < 7 * DAY) return `${Math.floor(seconds / DAY)}d`;
  return null;
}

function tick() {
  if (document.hidden) return;
  for (const node of document.querySelectorAll("time[data-ago]")) {
    const words = ago(Math.max(0, (Date.now() - Date.parse(node.dateTime)) / 1000));
    if (words && node.textContent !== words) node.textContent = words;
  }
}

export function keepTimes() {
  setInterval(tick, 30_000);
  document.addEventListener("visibilitychange", tick);
}
