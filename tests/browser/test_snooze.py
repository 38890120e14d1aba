"""Put off, and back: when it is due, when the customer writes, and when the agent thinks better of it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_inbox import PHONE, ines, open_ticket, say, ticket

__all__ = ["ines", "ticket"]  # fixtures


def due(server, ticket):
    """Its time comes, and what the timetable runs every minute runs."""

    def wake():
        import datetime as dt

        from django.utils import timezone

        from helpdesk.models import Ticket
        from helpdesk.tasks import wake_snoozed

        Ticket.objects.filter(pk=ticket.pk).update(snoozed_until=timezone.now() - dt.timedelta(seconds=1))
        wake_snoozed()

    server.do(wake)


def row_of(page, ticket):
    return page.locator(f"#row-{ticket.pk}")


@pytest.fixture
def snoozed(server, page, ines, ticket):
    """By keyboard: a menu, its first item, Enter."""
    open_ticket(server, page, ticket)
    expect(row_of(page, ticket)).to_be_visible()
    page.keyboard.press("s")
    expect(page.locator("#ticket-head .menu__item:focus")).to_contain_text("Later today")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#ticket-head .menu__item:focus")).to_contain_text("Tomorrow")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text(f"{ticket.pk} comes back: tomorrow")
    expect(row_of(page, ticket)).to_have_count(0)
    expect(page.locator("#ticket-head")).to_contain_text(re.compile(r"Back \w+day"))
    return ticket


def test_by_keyboard_it_leaves_the_list_and_comes_back_when_it_is_due(server, page, snoozed):
    assert page.evaluate("document.activeElement !== document.body"), "whoever works with keys is nowhere"
    due(server, snoozed)
    expect(row_of(page, snoozed)).to_be_visible()
    expect(page.locator("#ticket-head")).to_contain_text("Open")
    expect(page.locator("#thread-scroll")).to_contain_text("back from its snooze")


def test_what_the_customer_writes_brings_it_back_at_once(server, page, snoozed):
    say(server, snoozed, "It cannot wait until tomorrow")
    expect(row_of(page, snoozed)).to_contain_text("It cannot wait until tomorrow")
    expect(page.locator("#ticket-head")).to_contain_text("Open")
    due(server, snoozed)
    expect(page.locator("#thread-scroll")).not_to_contain_text("back from its snooze")


def test_one_key_takes_it_back(server, page, snoozed):
    page.keyboard.press("z")
    expect(row_of(page, snoozed)).to_be_visible()
    expect(page.locator("#ticket-head")).to_contain_text("Open")


def test_by_click_and_woken_by_hand(server, page, ines, ticket):
    open_ticket(server, page, ticket)
    page.get_by_label("Snooze").click()
    page.get_by_role("button", name=re.compile("^Monday")).click()
    expect(row_of(page, ticket)).to_have_count(0)
    page.get_by_role("button", name="Wake it now").click()
    expect(row_of(page, ticket)).to_be_visible()
    expect(page.locator("#ticket-head")).to_contain_text("Open")


def test_what_waited_for_the_customer_waits_again_when_it_is_taken_back(server, page, ines, ticket):
    open_ticket(server, page, ticket)
    page.locator("#body").fill("Which tablet is it?")
    page.locator("#body").press("Control+Alt+Enter")
    expect(page.locator("#ticket-head")).to_contain_text("Waiting")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    page.keyboard.press("Enter")
    expect(page.locator("#ticket-head")).to_contain_text("Back ")
    page.keyboard.press("z")
    expect(page.locator("#ticket-head")).to_contain_text("Waiting")


def test_a_refusal_brings_the_row_back_with_a_word(server, page, ines, ticket):
    open_ticket(server, page, ticket)
    page.route("**/snooze/**", lambda route: route.fulfill(status=503, body="No"))
    page.keyboard.press("s")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("That did not work")
    expect(row_of(page, ticket)).not_to_have_class(re.compile("is-done"))


def test_on_a_phone_it_is_in_the_menu(server, browser, ines, ticket):
    with browser.new_context(locale="en-GB", viewport=PHONE, has_touch=True, is_mobile=True) as context:
        server.sign_in(context, agent=ines.email)
        phone = context.new_page()
        open_ticket(server, phone, ticket)
        phone.get_by_label("More", exact=True).tap()
        phone.get_by_role("button", name=re.compile("^Tomorrow")).tap()
        expect(phone.locator("#ticket-head")).to_contain_text(re.compile(r"Back \w+day"))
