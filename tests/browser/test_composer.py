"""The composer at work: macros by a slash, colleagues by an at sign, and sending that can be undone."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_inbox import ines, open_ticket, say, ticket, tom

__all__ = ["ines", "ticket", "tom"]  # fixtures


def make_macro(**fields):
    from helpdesk.models import Macro

    return Macro.objects.create(**fields)


@pytest.fixture
def ten_seconds(server):
    def undo_within(seconds):
        from helpdesk.models import SiteSettings

        SiteSettings.load()
        SiteSettings.objects.update(undo_seconds=seconds)

    server.do(undo_within, 10)
    yield
    server.do(undo_within, 0)


def test_a_slash_opens_the_macros_and_the_keys_choose(server, page, ines, ticket):
    server.do(
        make_macro,
        name="Orientation",
        body="Hello {{customer.first_name}}, turn on **Keep orientation**.",
        tags=["photos"],
        state="resolved",
    )
    server.do(make_macro, name="Orchard", body="Apples and pears")
    open_ticket(server, page, ticket)
    body = page.locator("#body")
    body.press_sequentially("One moment. /or")
    offers = page.get_by_role("listbox", name="Macros")
    expect(offers.get_by_role("option")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(offers).to_have_count(0)
    expect(body).to_be_focused()
    body.press_sequentially("ie")
    expect(offers.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(body).to_have_value("One moment. Hello Ada, turn on **Keep orientation**.")
    expect(page.locator("[data-does]")).to_contain_text("tags it photos, resolves it")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#ticket-head")).to_contain_text("Resolved")
    expect(page.locator("#ticket-head")).to_contain_text("photos")
    expect(page.locator("[data-does]")).to_be_hidden()


def test_a_slash_in_a_text_is_a_slash(server, page, ines, ticket):
    open_ticket(server, page, ticket)
    body = page.locator("#body")
    body.press_sequentially("Open /permits/new and/or 1/2 ")
    page.keyboard.press("Enter")
    body.press_sequentially("Done")
    expect(body).to_have_value("Open /permits/new and/or 1/2 \nDone")


def test_a_macro_without_words_acts_at_once(server, page, ines, ticket):
    server.do(make_macro, name="Escalate quickly", body="", priority="urgent")
    open_ticket(server, page, ticket)
    page.locator("#body").press_sequentially("Half an answer /escalate")
    expect(page.get_by_role("option", name="Escalate quickly")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator("#ticket-head")).to_contain_text("Urgent")
    expect(page.locator("#body")).to_have_value("Half an answer ")


def test_a_reply_is_taken_back_into_the_composer(server, page, ines, tom, ticket, ten_seconds):
    open_ticket(server, page, ticket)
    open_ticket(server, tom.page, ticket)
    page.locator("#body").fill("Too quick")
    page.locator("#body").press("Control+Enter")
    expect(page.locator("#held")).to_contain_text("Too quick")
    expect(tom.page.locator("#held")).to_contain_text("Too quick")
    expect(tom.page.get_by_role("button", name="Undo")).to_have_count(0)
    page.locator("#body").press_sequentially("Also this.")
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    expect(page.locator("#body")).to_have_value("Also this.\n\nToo quick")
    expect(page.locator("#body")).to_be_focused()
    expect(page.locator("#held")).not_to_contain_text("Too quick")
    expect(tom.page.locator("#held")).not_to_contain_text("Too quick")
    expect(page.locator(".message--agent:not(.message--held)")).to_have_count(0)


def test_what_nobody_takes_back_is_sent(server, page, ines, ticket, ten_seconds):
    open_ticket(server, page, ticket)
    page.locator("#body").fill("Turn it on.")
    page.locator("#body").press("Control+Enter")
    expect(page.locator(".message--agent:not(.message--held)")).to_contain_text("Turn it on.", timeout=20_000)
    expect(page.locator("#held")).to_be_hidden()
    expect(page.locator(".delivery")).to_contain_text("Queued for")
    say(server, ticket, "Thanks")
    expect(page.locator("#thread-scroll")).to_contain_text("Thanks")
    assert re.search(r"/inbox/all/\d+/", page.url)
