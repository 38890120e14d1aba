"""What the widget costs the page that carries it: `make bench NAME=weight`. A page with and without it, in turn, in a real browser: the time of the page's
main thread as the browser counts it (processor time, whatever else runs on the machine), what moves on the page, and how many bytes arrive before
anybody opens it.
"""

import gzip
import os
import statistics
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.benchmarks import _harness as harness
from tests.server import Server

LOADER = Path(__file__).parents[2] / "static" / "widget" / "loader.js"
PAGE = """<!doctype html><meta charset="utf-8"><title>Permits</title><h1>Permits</h1>{rows}<button id="invite">Invite</button>
<script>
  window.moved = 0;
  new PerformanceObserver((list) => {{ for (const each of list.getEntries()) window.moved += each.value; }}).observe({{ type: "layout-shift", buffered: true }});
</script>{widget}"""
ROWS = "".join(f"<p>Permit PTW-{number}, in force until 17:00</p>" for number in range(200))


@contextmanager
def host(desk, key):
    """A page at /with and at /without."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            widget = f'<script async src="{desk}/widget.js" data-site="{key}"></script>' if self.path == "/with" else ""
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE.format(rows=ROWS, widget=widget).encode())

        def log_message(self, *_):
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{running.server_port}"
    finally:
        running.shutdown()
        running.server_close()


def furnish():
    from helpdesk.models import Site

    return Site.objects.create(name="Bench", origins=["http://127.0.0.1"]).key


def visit(browser, url):
    """(milliseconds of the main thread until it has come to rest, how much moved, requests to the desk)"""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page, asked = context.new_page(), []
        page.on("request", lambda request: asked.append(request.url))
        session = context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(url, wait_until="load")
        if url.endswith("/with"):
            page.locator("whetstone-widget").wait_for(state="attached")
        page.wait_for_timeout(600)
        page.locator("#invite").click()
        page.wait_for_timeout(200)
        metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
        return metrics["TaskDuration"] * 1000, page.evaluate("window.moved"), [each for each in asked if "/widget" in each]


def rows_of(browser, origin, rounds=harness.ROUNDS):
    taken, moved, asked = {"with": [], "without": []}, 0.0, []
    visit(browser, f"{origin}/with")  # the first one warms up what both need
    for _ in range(rounds):
        for which, times in taken.items():
            time, shift, requests = visit(browser, f"{origin}/{which}")
            times.append(time)
            if which == "with":
                moved, asked = max(moved, shift), requests
    cost = max(0.0, statistics.median(taken["with"]) - statistics.median(taken["without"]))
    return [
        harness.row("main thread, added by the widget", cost, goal=50),
        {**harness.row("layout shift, added by the widget", moved, unit=""), "goal": 0},
        {**harness.row("requests before it is opened", len(asked), unit=""), "goal": 1},
        harness.row("script, gzipped", len(gzip.compress(LOADER.read_bytes())) / 1024, goal=20, unit="KiB"),
    ]


def measure():
    from playwright.sync_api import sync_playwright

    from tests.conftest import FLAGS, chromium

    models = Path(os.environ.get("DATA_DIR") or Path(__file__).parents[2] / ".data") / "models"
    with Server("weight", os.environ["DATABASE_URL"], models) as server:
        key = server.do(furnish)
        with host(server.url("").rstrip("/"), key) as origin, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            try:
                return rows_of(browser, origin)
            finally:
                browser.close()


def main():
    return harness.report("weight", measure(), rounds=harness.ROUNDS)


if __name__ == "__main__":
    raise SystemExit(main())
