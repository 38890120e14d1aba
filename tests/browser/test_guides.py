"""What an answer marks on the page stays marked wherever it goes, and on nothing else; when it is gone so is the mark."""

import time

import pytest
from playwright.sync_api import expect

from tests.browser.test_widget import host, points  # noqa: F401  (a fixture among them)

pytestmark = pytest.mark.usefixtures("day_one")

# How far the ring is from being the box around what carries the id, in pixels; the most of its sides.
OFF = """() => {
  const ring = document.querySelector("whetstone-widget").shadowRoot.querySelector(".ring"), thing = document.getElementById("invite");
  if (!ring || ring.hidden || !thing) return 1e6;
  const a = ring.getBoundingClientRect(), b = thing.getBoundingClientRect();
  return Math.max(...["left", "top", "right", "bottom"].map((side) => Math.abs(Math.abs(a[side] - b[side]) - 6)));
}"""
ANEW = "() => { const old = document.getElementById('invite'), fresh = old.cloneNode(true); old.replaceWith(fresh); }"

LATER = """async () => {
  document.getElementById("invite").remove();
  for (let frames = 0; frames < 5; frames += 1) await new Promise(requestAnimationFrame);
  document.body.prepend(Object.assign(document.createElement("button"), { id: "invite", type: "button", textContent: "Invite them" }));
  scrollTo(0, 0);
}"""


@pytest.fixture
def marked(server, host, browser):  # noqa: F811
    """A page on which the widget marks `#invite`: (page, frame, ring, the bar in the frame)."""
    origin, ines = host
    with browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce") as context:
        page, errors = context.new_page(), []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type in {"warning", "error"} else None)
        page.goto(f"{origin}/permits")
        page.evaluate("document.body.append(Object.assign(document.createElement('div'), { id: 'long' })); long.style.height = '3000px'")
        page.get_by_role("button", name="Help").click()
        frame = page.frame_locator("iframe")
        frame.get_by_label("Ask a question").fill("Where is the button for guests?")
        frame.get_by_role("button", name="Send").click()
        expect(frame.locator(".chat:not(.chat--me):not(.chat--pending)").first).to_be_visible()
        server.do(points, ines, "invite")
        frame.get_by_role("link", name="invite").click()
        ring, bar = page.locator(".ring"), frame.locator(".shownbar")
        expect(ring).to_be_visible()
        expect(bar).to_be_visible()
        yield page, frame, ring, bar
        assert not errors


def on_target(page):
    deadline = time.monotonic() + 5
    while (off := page.evaluate(OFF)) >= 1.5:
        assert time.monotonic() < deadline, f"{off} pixels off"


def test_it_follows_a_shift_a_scroll_and_a_page_that_draws_itself_anew(marked):
    page, _, ring, bar = marked
    on_target(page)
    before = ring.bounding_box()
    page.evaluate(
        "const banner = document.createElement('p'); banner.id = 'banner'; banner.style.height = '180px'; document.body.prepend(banner)"
    )
    on_target(page)
    assert ring.bounding_box()["y"] > before["y"] + 150
    page.evaluate("scrollBy(0, 60)")
    on_target(page)
    page.set_viewport_size({"width": 1000, "height": 700})
    page.evaluate("const { style } = document.getElementById('invite'); style.marginLeft = '300px'; style.fontSize = '30px'")
    on_target(page)
    page.evaluate(ANEW)
    on_target(page)
    page.evaluate(LATER)
    on_target(page)
    expect(bar).to_be_visible()
    page.locator("#invite").click()  # the new one counts as well as the old one
    expect(ring).to_have_count(0)
    expect(bar).to_have_count(0)


def test_it_is_not_drawn_over_what_hides_the_thing(marked):
    page, _, ring, bar = marked
    page.evaluate("scrollTo(0, 2000)")
    expect(ring).to_be_hidden()
    page.evaluate("scrollTo(0, 0)")
    on_target(page)
    page.evaluate(
        """() => {
          const box = Object.assign(document.createElement("div"), { id: "box" }), tall = document.createElement("div");
          box.style.cssText = "height: 100px; overflow: auto";
          tall.style.height = "900px";
          box.append(document.getElementById("invite"), tall);
          document.body.prepend(box);
        }"""
    )
    on_target(page)
    page.evaluate("document.getElementById('box').scrollTop = 400")
    expect(ring).to_be_hidden()
    expect(bar).to_be_visible()  # it is still looked for
    page.evaluate("document.getElementById('box').scrollTop = 0")
    on_target(page)


@pytest.mark.parametrize(
    "how",
    [
        "document.getElementById('invite').remove()",
        "document.getElementById('invite').style.display = 'none'",
        "document.body.replaceChildren()",
    ],
)
def test_when_it_is_gone_the_mark_and_what_is_said_of_it_end(marked, how):
    page, frame, ring, bar = marked
    page.evaluate(how)
    expect(ring).to_have_count(0)
    expect(bar).to_have_count(0)
    expect(frame.get_by_label("Ask a question")).to_be_visible()


def test_a_page_that_draws_its_whole_body_anew_keeps_the_widget_and_its_words(marked):
    page, frame, ring, bar = marked
    page.evaluate("document.documentElement.replaceChild(document.createElement('body'), document.body)")
    expect(frame.get_by_role("link", name="invite")).to_be_visible()
    expect(bar).to_have_count(0)
    page.evaluate("document.body.append(Object.assign(document.createElement('button'), { id: 'invite', textContent: 'Invite' }))")
    frame.get_by_role("link", name="invite").click()
    on_target(page)
    page.evaluate("Whetstone('highlight', 'invite')")  # the page marks something itself: what the answer said ends
    expect(bar).to_have_count(0)
    expect(ring).to_have_count(1)


HOSTILE = """
  *, *::before { all: unset !important }
  body > *, whetstone-widget { display: none !important; position: static !important; transform: scale(0) !important; font-size: 80px !important }
"""


def test_style_of_the_page_does_not_reach_it(marked):
    page, frame, ring, _ = marked
    page.evaluate(
        "rules => { const sheet = new CSSStyleSheet(); sheet.replaceSync(rules); document.adoptedStyleSheets = [sheet]; }", HOSTILE
    )
    button = page.get_by_role("button", name="Close help")
    box = button.bounding_box()
    assert (box["width"], box["height"]) == (52, 52) and box["x"] + box["width"] == 1280 - 24
    expect(frame.get_by_label("Ask a question")).to_be_visible()
    button.click()
    expect(page.locator("iframe")).to_be_hidden()
