"""Agents at work: what others do appears by itself, keys work, and nothing typed is lost."""

import re

import pytest
from playwright.sync_api import expect

from tests.factories import make_customer, make_ticket, make_user

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def ines(server, page):
    ines = server.do(make_user)
    server.sign_in(page.context, agent=ines.email)
    return ines


@pytest.fixture
def tom(server, browser):
    """A colleague at another desk."""
    agent = server.do(make_user, "Tom Aldridge")
    with browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 900}) as context:
        server.sign_in(context, agent=agent.email)
        agent.page = context.new_page()
        yield agent


@pytest.fixture
def ticket(server):
    return server.do(make_ticket, body="Photos are sideways in the report", handler="team")


def say(server, ticket, words):
    def speak():
        from helpdesk.models import Ticket

        fresh = Ticket.objects.get(pk=ticket.pk)
        fresh.say(words, customer=fresh.customer)

    server.do(speak)


def open_ticket(server, page, ticket):
    page.goto(server.url(f"/inbox/all/{ticket.pk}/"))
    expect(page.locator("#ticket-title")).to_have_text(ticket.subject)


def go_back(page):
    """As the button does. No page is kept in the browser: htmx asks for it again."""
    with page.expect_event("load"):
        page.evaluate("history.back()")


def test_what_a_customer_writes_appears_without_reloading_and_disturbs_nothing(server, page, ines, ticket):
    open_ticket(server, page, ticket)
    writing = page.locator("#body")
    writing.fill("I am just writing")
    say(server, ticket, "It happens on the tablet too")
    expect(page.locator("#thread-scroll")).to_contain_text("It happens on the tablet too")
    expect(page.locator("#composer")).to_contain_text("Ada Okonkwo wrote while you were writing")
    expect(writing).to_have_value("I am just writing")
    expect(writing).to_be_focused()
    expect(page.locator(f"#row-{ticket.pk} .row__snippet")).to_have_text("It happens on the tablet too")


def test_two_agents_see_what_the_other_does(server, page, ines, tom, ticket):
    open_ticket(server, page, ticket)
    open_ticket(server, tom.page, ticket)
    page.locator("#body").fill("Turn on **Keep orientation**.")
    page.locator("#body").press("Control+Enter")
    expect(tom.page.locator(".message--agent")).to_contain_text("Keep orientation")
    expect(page.locator(".message--agent")).to_have_count(1)
    expect(page.locator("#body")).to_have_value("")

    tom.page.locator("#ticket-title").click()
    tom.page.keyboard.press("e")
    expect(tom.page.locator("#toasts")).to_contain_text(f"Resolved {ticket.pk}")
    expect(page.locator("#ticket-head")).to_contain_text("Resolved")
    expect(page.locator("#thread-scroll")).to_contain_text("Tom resolved this")

    tom.page.keyboard.press("z")
    expect(page.locator("#thread-scroll")).to_contain_text("Tom reopened this")
    expect(page.locator(".message--agent")).to_have_count(1)


def test_new_tickets_and_counts_arrive_in_the_list(server, page, ines):
    page.goto(server.url("/inbox/all/"))
    expect(page.locator("#thread")).to_contain_text("Pick a ticket")
    new = server.do(make_ticket, customer=server.do(make_customer, "Bo Lind"), body="The map is blank", handler="team")
    row = page.locator(f"#row-{new.pk}")
    expect(row).to_contain_text("Bo Lind")
    expect(row).to_have_class(re.compile("is-unread"))
    row.locator("a").click()
    expect(page).to_have_url(server.url(f"/inbox/all/{new.pk}/"))
    expect(page.locator("#customer")).to_contain_text("Bo Lind")
    expect(page).to_have_title(re.compile("The map is blank"))
    expect(row).not_to_have_class(re.compile("is-unread"))
    go_back(page)
    expect(page.locator("#thread")).to_contain_text("Pick a ticket")


def test_keys_do_nothing_while_somebody_types(server, page, ines, ticket):
    open_ticket(server, page, ticket)
    page.keyboard.press("n")
    expect(page.get_by_role("radio", name="Internal note")).to_be_checked()
    page.keyboard.type("e for easy, a for able, ? for why")
    expect(page.locator("#body")).to_have_value("e for easy, a for able, ? for why")
    expect(page.locator("#ticket-head")).to_contain_text("Open")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.locator("#thread-scroll")).to_contain_text("You took this")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Write an internal note")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()


def test_rows_are_walked_with_keys(server, page, ines):
    older, newer = (server.do(make_ticket, body=f"Walk {n}", handler="team") for n in range(2))
    page.goto(server.url("/inbox/all/?q=Walk"))
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator(f"#row-{newer.pk} a")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(f"#row-{older.pk} a")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#ticket-title")).to_have_text(older.subject)


def test_a_note_and_a_reply_keep_their_own_text_through_everything(server, page, ines, ticket):
    other = server.do(make_ticket, body="Another matter", handler="team")
    open_ticket(server, page, ticket)
    page.keyboard.press("n")
    page.keyboard.type("Only for us")
    page.get_by_role("radio", name="Reply").check(force=True)
    expect(page.locator("#body")).to_have_value("")
    page.locator("#body").fill("For the customer")
    page.locator(f"#row-{other.pk} a").click()
    expect(page.locator("#ticket-title")).to_have_text("Another matter")
    expect(page.locator("#body")).to_have_value("")
    page.locator(f"#row-{ticket.pk} a").click()
    expect(page.locator("#body")).to_have_value("For the customer")
    page.reload()
    expect(page.locator("#body")).to_have_value("For the customer")
    page.get_by_role("radio", name="Internal note").check(force=True)
    expect(page.locator("#body")).to_have_value("Only for us")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator(".message--note")).to_contain_text("Only for us")
    page.get_by_role("radio", name="Internal note").check(force=True)
    expect(page.locator("#body")).to_have_value("")


def test_an_empty_reply_says_so_in_place(server, page, ines, ticket):
    open_ticket(server, page, ticket)
    page.locator("#body").press("Control+Enter")
    expect(page.get_by_role("alert").filter(has_text="The message is empty.")).to_be_visible()
    expect(page.locator("#body")).to_be_focused()


def test_everything_that_matters_works_without_scripts(server, browser, ines, ticket):
    with browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 800}) as context:
        server.sign_in(context, agent=ines.email)
        page = context.new_page()
        page.goto(server.url("/inbox/"))
        page.goto(server.url(f"/inbox/all/?q={ticket.pk}"))
        page.locator(f"#row-{ticket.pk} a").click()
        page.locator("#body").fill("Turn it on.")
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.locator(".message--agent")).to_contain_text("Turn it on.")
        page.locator("[value=note]").check(force=True)
        page.locator("#body").fill("She was kind.")
        page.get_by_role("button", name="Add note").click()
        expect(page.locator(".message--note")).to_contain_text("She was kind.")
        page.get_by_role("button", name="Resolve").click()
        expect(page.locator("#ticket-head")).to_contain_text("Reopen")
        page.get_by_role("button", name="Reopen").click()
        expect(page.locator("#thread-scroll")).to_contain_text("You reopened this")
        page.locator("#ticket-head summary").first.click()
        page.get_by_role("button", name="Nobody").click()
        expect(page.locator("#thread-scroll")).to_contain_text("You took everybody off this")


def test_a_phone_shows_one_pane_at_a_time_and_back_works(server, page, ines, ticket):
    page.set_viewport_size(PHONE)
    page.goto(server.url(f"/inbox/all/?q={ticket.pk}"))
    expect(page.locator("#thread")).to_be_hidden()
    page.locator(f"#row-{ticket.pk} a").click()
    expect(page.locator("#ticket-title")).to_be_visible()
    expect(page.locator("#list")).to_be_hidden()
    page.get_by_role("link", name="Customer details", exact=True).click()
    expect(page.locator("#customer")).to_be_visible()
    expect(page.locator("#thread")).to_be_hidden()
    go_back(page)
    expect(page.locator("#ticket-title")).to_be_visible()
    go_back(page)
    expect(page.locator("#list")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_long_list_is_revealed_as_it_is_scrolled_and_stays_where_it_is(server, page, ines):
    server.do(lambda: [make_ticket(body=f"Scroll {n}", handler="team") for n in range(70)] and None)
    page.goto(server.url("/inbox/all/?q=Scroll"))
    rows = page.locator("#rows > .row")
    expect(rows).to_have_count(30)
    page.locator("#more").scroll_into_view_if_needed()
    expect(rows).to_have_count(60)
    page.locator("#more").scroll_into_view_if_needed()
    expect(rows).to_have_count(70)
    place = page.evaluate("document.querySelector('#rows').scrollTop")
    server.do(make_ticket, body="Scroll further", handler="team")
    expect(page.get_by_role("button", name="1 new ticket")).to_be_visible()
    assert page.evaluate("document.querySelector('#rows').scrollTop") == place
    page.get_by_role("button", name="1 new ticket").click()
    expect(rows.first).to_contain_text("Scroll further")
