"""While the server is asked: what a list shows at once, what stands in the place of what is not there yet, and what went wrong."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_composer import ten_seconds
from tests.browser.test_inbox import ines, open_ticket, ticket, tom
from tests.factories import make_ticket

__all__ = ["ines", "ten_seconds", "ticket", "tom"]  # fixtures


@pytest.fixture
def held_up(page):
    """Requests to an address wait until they are let go."""
    waiting = []

    def hold(pattern, method):
        page.route(pattern, lambda route: waiting.append(route) if route.request.method == method else route.continue_())
        return waiting

    return hold


def until(page, waiting, number=1):
    for _ in range(100):
        if len(waiting) >= number:
            return
        page.wait_for_timeout(50)
    raise AssertionError("nothing was asked")


def test_a_reply_shows_in_the_list_before_the_server_has_it_and_until_it_is_said(server, page, ines, tom, ticket, ten_seconds, held_up):
    row = page.locator(f"#row-{ticket.pk}")
    waiting = held_up("**/messages/", "POST")
    open_ticket(server, page, ticket)
    tom.page.goto(server.url("/inbox/all/"))
    expect(row.locator(".sla")).to_be_visible()
    page.locator("#body").fill("Turn it on.")
    page.locator("#body").press("Control+Enter")
    until(page, waiting)
    expect(row.locator(".row__sending")).to_be_visible()
    expect(row.locator(".sla")).to_be_hidden()
    waiting.pop().continue_()
    expect(page.locator("#held")).to_contain_text("Turn it on.")
    expect(tom.page.locator(f"#row-{ticket.pk} .row__sending")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    expect(row.locator(".row__sending")).to_be_hidden()
    expect(row.locator(".sla")).to_be_visible()
    expect(tom.page.locator(f"#row-{ticket.pk} .row__sending")).to_be_hidden()


def test_what_the_server_refuses_looks_as_before(server, page, ines, ticket):
    row = page.locator(f"#row-{ticket.pk}")
    open_ticket(server, page, ticket)
    page.route("**/messages/", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.locator("#body").fill("Turn it on.")
    page.locator("#body").press("Control+Shift+Enter")
    expect(page.locator("#toasts")).to_contain_text("No connection. What you typed is still here.")
    expect(row).not_to_have_class(re.compile("is-(sending|done)"))
    expect(page.locator("#body")).to_have_value("Turn it on.")


def test_a_note_is_nothing_that_is_sent(server, page, ines, ticket, held_up):
    waiting = held_up("**/messages/", "POST")
    open_ticket(server, page, ticket)
    page.keyboard.press("n")
    page.keyboard.type("She was kind")
    page.keyboard.press("Control+Enter")
    until(page, waiting)
    expect(page.locator(f"#row-{ticket.pk}")).not_to_have_class(re.compile("is-sending"))


def test_a_slow_ticket_and_a_slow_search_have_calm_places(server, page, ines, ticket, held_up):
    other = server.do(make_ticket, body="The map is blank", handler="team")
    page.emulate_media(reduced_motion="reduce")
    open_ticket(server, page, ticket)
    bones = page.locator("#thread > .bones-over")
    expect(bones).to_be_hidden()
    waiting = held_up(re.compile(rf"/inbox/all/({other.pk}/)?(\?.*)?$"), "GET")
    page.locator(f"#row-{other.pk} a").click()
    expect(bones).to_be_visible()
    expect(page.locator("#thread")).to_have_attribute("aria-busy", "true")
    assert bones.evaluate("node => getComputedStyle(node).animationDelay") == "0.15s"
    assert bones.locator(".skeleton").first.evaluate("node => getComputedStyle(node).animationName") == "none"
    waiting.pop().continue_()
    expect(page.locator("#ticket-title")).to_have_text("The map is blank")
    expect(bones).to_be_hidden()
    expect(page.locator("#thread")).not_to_have_attribute("aria-busy", "true")
    page.locator("#find").press_sequentially("map")
    rows = page.locator("#results > .bones-over")
    expect(rows).to_be_visible()
    waiting.pop().continue_()
    expect(rows).to_be_hidden()
    expect(page.locator(f"#row-{ticket.pk}")).to_have_count(0)
