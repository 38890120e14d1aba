"""axe-core finds nothing to complain of in the widget and in the live feed, in the light and in the dark; and both work with the keyboard alone."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.test_chat import CUSTOMERS, QUESTION, agent, ask, fieldnote, latest, sign_in  # noqa: F401  (fixtures among them)

pytestmark = pytest.mark.usefixtures("day_one")

AXE = (Path(__file__).parents[1] / "vendor" / "axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = """async (tags) => (await axe.run(document, { runOnly: tags, iframes: false })).violations.map(
  (each) => `${each.id}: ${each.help}: ${each.nodes.map((node) => node.html.slice(0, 160) + " " + (node.any[0]?.message ?? "")).join(" | ")}`)"""


def violations(frame):
    frame.evaluate(AXE)
    return frame.evaluate(RUN, TAGS)


@pytest.fixture(params=["light", "dark"])
def carrying(request, browser, fieldnote):  # noqa: F811
    with browser.new_context(
        locale="en-GB", viewport={"width": 1280, "height": 900}, color_scheme=request.param, reduced_motion="reduce"
    ) as context:
        page = context.new_page()
        page.goto(f"{fieldnote}/permits")
        yield page


def frame_inside(page):
    return next(frame for frame in page.frames if "/widget/frame/" in frame.url)


def pass_on():
    from helpdesk.models import Ticket

    Ticket.objects.latest("pk").hand_off(reason="test", body="A person will answer.")


def test_the_widget(server, carrying):
    carrying.get_by_role("button", name="Help").click()
    shown = carrying.frame_locator("iframe")
    expect(shown.get_by_text("Ask in your own words. Where")).to_be_visible()
    assert violations(frame_inside(carrying)) == []
    ask(carrying, QUESTION)
    shown.get_by_text("Why this answer").click()
    expect(shown.locator(".chat__reasons p").first).to_be_visible()
    shown.locator("#choose").set_input_files([{"name": "a.txt", "mimeType": "text/plain", "buffer": b"a"}])
    expect(shown.locator("#tray .attachment__remove")).to_be_visible()
    assert violations(frame_inside(carrying)) == []
    server.do(pass_on)
    expect(shown.locator("#leave")).to_be_visible()
    assert violations(frame_inside(carrying)) == []
    carrying.evaluate(AXE)
    told = carrying.evaluate(
        "async (tags) => (await axe.run('whetstone-widget', { runOnly: tags, iframes: false })).violations.map((each) => each.id)", TAGS
    )
    assert told == []


def test_the_live_feed(server, carrying, agent):  # noqa: F811
    scheme = "dark" if carrying.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
    agent.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    sign_in(carrying, "priya")
    ask(carrying, QUESTION)
    number, _, _ = server.do(latest, CUSTOMERS["priya"])
    agent.goto(server.url(f"/live/?chat={number}"))
    expect(agent.locator(f"[data-chat='{number}'] .message").first).to_be_visible()
    assert violations(agent.main_frame) == []
    agent.set_viewport_size({"width": 390, "height": 844})
    assert violations(agent.main_frame) == []
    assert agent.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_with_the_keyboard_alone(server, browser, fieldnote, agent):  # noqa: F811
    with browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.goto(f"{fieldnote}/permits")
        sign_in(page, "mateus")
        page.get_by_role("button", name="Help").focus()
        page.keyboard.press("Enter")
        frame = page.frame_locator("iframe")
        expect(frame.get_by_label("Ask a question")).to_be_focused()
        page.keyboard.type(QUESTION)
        page.keyboard.press("Enter")
        expect(frame.locator(".chat__source")).to_be_visible()
        page.keyboard.press("Shift+Tab")
        expect(frame.get_by_role("button", name="I need a person")).to_be_focused()

        agent.goto(server.url("/live/"))
        number, _, _ = server.do(latest, CUSTOMERS["mateus"])
        agent.locator(f"[data-open='{number}']").focus()
        agent.keyboard.press("Enter")
        expect(agent.locator(f"#chat-body-{number}")).to_be_focused()
        agent.keyboard.type("Hello Mateus")
        agent.keyboard.press("Control+Enter")
        expect(frame.locator("#log")).to_contain_text("Hello Mateus")
        expect(agent.locator(f"#chat-body-{number}")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("iframe")).to_be_hidden()
        expect(page.get_by_role("button", name="Help")).to_be_focused()
