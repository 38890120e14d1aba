"""The widget on somebody else's page, under a strict policy: asked, answered, judged, and still there after a reload."""

import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from tests.browser.test_first_loop import make_help_centre
from tests.factories import make_user

pytestmark = pytest.mark.usefixtures("day_one")

HOST = """<!doctype html><meta charset="utf-8"><title>Permits</title><h1>Permits</h1><button id="invite">Invite a guest</button>
<p data-whetstone-ignore><button id="private">Account of Ada Okonkwo</button></p><label>Password <input type="password" id="pw"></label>
<script async src="{desk}/widget.js" data-site="{key}"></script>"""


def furnish(origin):
    from helpdesk.models import Site

    make_help_centre()
    return Site.objects.create(name="Fieldnote app", origins=[origin]).key, make_user("Ines Carvalho").pk


def said_by_people(agent, text):
    from helpdesk.models import Ticket, User

    ticket = Ticket.objects.latest("pk")
    ticket.reply(text, by=User.objects.get(pk=agent))
    return ticket.context


@pytest.fixture
def host(server):
    """A page of another origin that allows no script, style or frame but ours and its own."""
    pages = {}

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            body = pages["html"].encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            desk = server.url("").rstrip("/")
            self.send_header("Content-Security-Policy", f"default-src 'none'; script-src {desk}; frame-src {desk}; connect-src 'self'")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{running.server_port}"
    key, agent = server.do(furnish, origin)
    pages["html"] = HOST.format(desk=server.url("").rstrip("/"), key=key)
    yield origin, agent
    running.shutdown()
    running.server_close()


def test_a_conversation_on_somebody_elses_page(server, host, browser):
    origin, ines = host
    page = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}).new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{origin}/permits/new?token=secret")
    before = page.evaluate("Object.keys(window).length")
    page.locator("#invite").click()
    page.locator("#private").click()
    page.locator("#pw").fill("hunter2")
    page.evaluate("history.pushState({}, '', '/permits/12')")
    page.get_by_role("button", name="Help").click()
    frame = page.frame_locator("iframe")
    frame.get_by_label("Ask a question").fill("How can somebody sign a permit without an account?")
    frame.get_by_role("button", name="Send").click()
    expect(frame.locator(".chat").last).to_contain_text("The guest signs on your screen")
    frame.get_by_role("button", name="That solved it").click()
    expect(frame.locator("#who")).to_have_text("Solved")
    context = server.do(said_by_people, ines, "Glad to hear it. Write again whenever you need us.")
    assert context["page"] == "/permits/12"
    trail = [(each["kind"], each["what"]) for each in context["actions"]]
    assert ("click", "Invite a guest") in trail
    assert not re.search("hunter2|Okonkwo|secret", str(context))
    expect(frame.get_by_text("Glad to hear it.")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Help").click()
    expect(frame.get_by_text("Glad to hear it.")).to_be_visible()
    expect(frame.locator(".chat")).to_have_count(3)
    page.keyboard.press("Escape")
    expect(page.locator("iframe")).to_be_hidden()
    assert page.evaluate("Object.keys(window).length") == before and complaints == []
    page.context.close()


def points(agent, *targets):
    """An agent's reply cannot point at the page; the assistant's answer can, when its article does."""
    from helpdesk.models import Ticket

    words = " or ".join(f"[{target}](#show:{target})" for target in targets)
    Ticket.objects.latest("pk").answer(f"Press {words}.", meta={"kind": "answer"})


def missed(agent):
    from helpdesk.models import Event

    return list(Event.objects.filter(verb="ticket.guide_missed").values_list("data__target", flat=True))


def test_an_answer_points_at_the_page_and_says_when_the_thing_is_gone(server, host, browser):
    origin, ines = host
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{origin}/permits")
    page.get_by_role("button", name="Help").click()
    frame = page.frame_locator("iframe")
    frame.get_by_label("Ask a question").fill("Where is the button for guests?")
    frame.get_by_role("button", name="Send").click()
    expect(frame.locator(".chat:not(.chat--me):not(.chat--pending)").first).to_be_visible()
    server.do(points, ines, "invite", "gone-button")
    frame.get_by_role("link", name="invite").click()
    ring = page.locator(".ring")
    expect(ring).to_be_visible()
    spot, button = ring.bounding_box(), page.locator("#invite").bounding_box()
    assert abs(spot["x"] + spot["width"] / 2 - button["x"] - button["width"] / 2) < 2
    page.locator("#invite").click()
    expect(ring).to_have_count(0)
    frame.get_by_role("link", name="gone-button").click()
    expect(frame.get_by_text("That is not on this page")).to_be_visible()
    deadline = time.monotonic() + 5
    while server.do(missed, ines) != ["gone-button"]:
        assert time.monotonic() < deadline
    page.context.close()


def test_steps_are_shown_one_after_the_other(server, host, browser):
    origin, ines = host
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.goto(f"{origin}/permits")
        page.get_by_role("button", name="Help").click()
        frame = page.frame_locator("iframe")
        frame.get_by_label("Ask a question").fill("Where is the button for accounts?")
        frame.get_by_role("button", name="Send").click()
        expect(frame.locator(".chat:not(.chat--me):not(.chat--pending)").first).to_be_visible()
        server.do(points, ines, "invite", "private")
        frame.get_by_role("link", name="invite").last.click()
        coach, bar = page.locator(".coach"), frame.locator(".shownbar")
        expect(coach).to_have_text("inviteStep 1 of 2")
        expect(bar).to_contain_text("invite is marked on the page")
        page.locator("#invite").click()
        expect(coach).to_have_text("privateStep 2 of 2")
        expect(bar).to_contain_text("private is marked on the page")
        bar.get_by_role("button", name="Stop").click()
        expect(page.locator(".ring")).to_have_count(0)
        expect(bar).to_have_count(0)


def test_where_sockets_are_blocked_answers_come_all_the_same(server, host, browser):
    origin, ines = host
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.add_init_script(
            "window.WebSocket = class extends EventTarget { constructor() { super(); setTimeout(() => this.dispatchEvent(new CloseEvent('close'))); } close() {} }"
        )
        page = context.new_page()
        page.goto(f"{origin}/permits")
        page.get_by_role("button", name="Help").click()
        frame = page.frame_locator("iframe")
        frame.get_by_label("Ask a question").fill("Is anybody there at all?")
        with page.expect_request(lambda request: "/ws/widget/poll/" in request.url and request.method == "GET", timeout=20_000):
            frame.get_by_role("button", name="Send").click()
        server.do(said_by_people, ines, "We are, even without sockets.")
        expect(frame.get_by_text("We are, even without sockets.")).to_be_visible()


def test_on_a_page_that_the_site_does_not_name_the_frame_stays_empty(server, host, browser):
    origin, _ = host
    page = browser.new_context().new_page()
    page.goto(origin.replace("127.0.0.1", "localhost"))
    page.get_by_role("button", name="Help").click()
    expect(page.frame_locator("iframe").locator("#ask")).to_have_count(0)
    page.context.close()
