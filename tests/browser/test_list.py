"""The list side of the inbox: found, kept, picked, and where one left it; two screens of one agent, and what others do."""

import re

import pytest
from playwright.sync_api import expect

from tests.factories import make_article, make_customer, make_ticket, make_user

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def ines(server, page):
    ines = server.do(make_user)
    server.sign_in(page.context, agent=ines.email)
    return ines


def tickets_about(server, word, number):
    return server.do(lambda: [make_ticket(body=f"{word} number {n}", handler="team").pk for n in range(number)])


def state_of(server, pk):
    def read():
        from helpdesk.models import Ticket

        return Ticket.objects.get(pk=pk).state

    return server.do(read)


def test_read_on_one_screen_is_read_on_the_other(server, page, browser, ines):
    (number,) = tickets_about(server, "Astrolabe", 1)
    with browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800}) as context:
        server.sign_in(context, agent=ines.email)
        other = context.new_page()
        for each in (page, other):
            each.goto(server.url("/inbox/all/?q=astrolabe"))
            expect(each.locator(f"#row-{number}")).to_have_class(re.compile("is-unread"))
        page.locator(f"#row-{number} .row__subject a").click()
        expect(page.locator("#ticket-title")).to_be_visible()
        expect(other.locator(f"#row-{number}")).not_to_have_class(re.compile("is-unread"))


def test_back_from_a_ticket_the_list_is_where_it_was(server, page, ines):
    tickets_about(server, "Barometer", 70)
    page.set_viewport_size(PHONE)
    page.goto(server.url("/inbox/all/?q=barometer"))
    rows = page.locator("#rows > .row")
    expect(rows).to_have_count(30)
    page.locator("#more").scroll_into_view_if_needed()
    expect(rows).to_have_count(60)
    row = rows.nth(44)
    row.scroll_into_view_if_needed()
    place, number = page.evaluate("document.querySelector('#rows').scrollTop"), row.get_attribute("data-number")
    row.locator(".row__subject a").click()
    expect(page.locator("#ticket-title")).to_be_visible()
    with page.expect_event("load"):
        page.evaluate("history.back()")
    expect(page.locator(f"#row-{number}")).to_be_in_viewport()
    expect(rows).to_have_count(60)
    assert abs(page.evaluate("document.querySelector('#rows').scrollTop") - place) < 200


def test_keys_move_open_and_pick(server, page, ines):
    newest, second, *_ = reversed(tickets_about(server, "Chronometer", 3))
    page.goto(server.url("/inbox/all/?q=chronometer"))
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#ticket-head")).to_contain_text(str(newest))
    page.keyboard.press("Shift+J")
    expect(page.locator("#ticket-head")).to_contain_text(str(second))
    page.keyboard.press("Shift+K")
    expect(page.locator("#ticket-head")).to_contain_text(str(newest))
    page.keyboard.press("x")
    expect(page.locator("#bulk")).to_contain_text("1 selected")
    page.keyboard.press("Shift+X")
    expect(page.locator("#bulk")).to_contain_text("3 selected")
    page.keyboard.press("Escape")
    expect(page.locator("#bulk")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_contain_text("Select it")


def test_a_key_acts_on_what_is_selected_and_else_on_what_is_open(server, page, ines):
    newest, second, third, last = reversed(tickets_about(server, "Anemometer", 4))
    page.goto(server.url(f"/inbox/all/{newest}/?q=anemometer"))
    page.keyboard.press("j")
    page.keyboard.press("e")  # on a row that is not the open ticket: it is selected, and nothing done yet
    expect(page.locator("#bulk")).to_contain_text("1 selected")
    page.keyboard.press("e")
    expect(page.locator("#batch")).to_contain_text("Done on 1.", timeout=60_000)
    assert [state_of(server, number) for number in (newest, second)] == ["open", "resolved"]
    expect(page.locator(f"#row-{second}")).to_have_count(0)
    page.locator(f"#row-{third} .row__subject a").click()
    expect(page.locator(f"#thread[data-ticket='{third}'][aria-busy]")).to_have_count(0)
    expect(page.locator(f"#thread[data-ticket='{third}']")).to_be_visible()
    page.keyboard.press("e")
    expect(page.locator(f"#row-{third}")).to_have_count(0)
    assert [state_of(server, number) for number in (newest, third, last)] == ["open", "resolved", "open"]


def test_typing_searches_in_whatever_order(server, page, ines):
    tickets_about(server, "Psychrometer", 2)
    page.goto(server.url("/inbox/all/?sort=waiting"))
    page.keyboard.press("/")
    page.keyboard.type("psychrometer")
    expect(page.locator("#rows mark").first).to_have_text("Psychrometer")
    expect(page.locator("#rows > .row")).to_have_count(2)


def test_all_that_match_are_resolved_and_taken_back(server, page, ines):
    numbers = tickets_about(server, "Dynamometer", 34)
    page.goto(server.url("/inbox/all/?q=dynamometer"))
    page.locator(f"#row-{numbers[-1]} .row__pick").check(force=True)
    page.get_by_role("button", name="Select all 34 matching").click()
    expect(page.locator("#bulk")).to_contain_text("All 34 selected")
    page.locator("#bulk").get_by_role("button", name="Resolve").click()
    expect(page.locator("#batch")).to_contain_text("Done on 34.", timeout=60_000)
    expect(page.locator("#rows")).to_contain_text("Nothing found")
    assert {state_of(server, number) for number in numbers} == {"resolved"}
    page.locator("#batch").get_by_role("button", name="Undo").click()
    expect(page.locator("#batch")).to_contain_text("Taken back on 34.", timeout=60_000)
    expect(page.locator("#rows > .row")).to_have_count(30)
    assert {state_of(server, number) for number in numbers} == {"open"}


def test_what_the_server_refuses_comes_back_with_a_word(server, page, ines):
    (number,) = tickets_about(server, "Eudiometer", 1)
    page.goto(server.url(f"/inbox/all/{number}/?q=eudiometer"))
    page.route("**/closure/**", lambda route: route.fulfill(status=500, body="no"))
    page.keyboard.press("e")
    expect(page.locator("#toasts")).to_contain_text("That did not work.")
    expect(page.locator(f"#row-{number}")).not_to_have_class(re.compile("is-done"))
    assert state_of(server, number) == "open"


def test_a_search_says_what_it_could_not_read_marks_what_it_found_and_is_kept_as_a_view(server, page, ines):
    tickets_about(server, "Fluxmeter", 2)
    page.goto(server.url("/inbox/all/"))
    page.keyboard.press("/")
    page.keyboard.type("fluxmeter is:open is:nonsense")
    expect(page.locator(".problems")).to_contain_text("“is:nonsense” means nothing here.")
    expect(page.locator("#rows mark").first).to_have_text("Fluxmeter")
    page.locator("#find").fill("fluxmeter is:open")
    expect(page.locator(".problems")).to_have_count(0)
    page.get_by_role("link", name="Keep as a view").click()
    page.get_by_label("Name").fill("Flux")
    page.get_by_role("button", name="Keep this view").click()
    expect(page.locator("#views")).to_contain_text("Flux")
    expect(page.locator("#rows > .row")).to_have_count(2)
    expect(page.locator("#views [aria-current] .count")).to_have_text("2")


def test_the_palette_finds_and_does(server, page, ines):
    def furnish():
        make_article("Calibrate a galvanometer")
        return make_ticket(make_customer("Galvina Amara"), body="Galvanometer stuck", handler="team").pk

    number = server.do(furnish)
    page.goto(server.url(f"/inbox/all/{number}/"))
    page.keyboard.press("Control+k")
    page.keyboard.type("galv")
    found = page.locator("#palette")
    expect(found.locator("[id^=palette-c]")).to_contain_text("Galvina Amara")
    expect(found.get_by_role("option", name="Galvanometer stuck")).to_be_visible()
    page.locator("#palette-input").fill("galvanometer")
    expect(found.get_by_role("option", name="Calibrate a galvanometer")).to_be_visible()
    for words, name in (("snooze", "Snooze: "), ("assign to ines", "Assign to Ines"), ("urgent", "Priority: Urgent"), ("send", "Send")):
        page.locator("#palette-input").fill(words)
        expect(found.get_by_role("option", name=name).first).to_be_visible()
    expect(found.get_by_role("option", name="Add note")).to_have_count(0)
    page.locator("#palette-input").fill("resolve")
    expect(found.get_by_role("option", selected=True)).to_contain_text("Resolve")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text(f"Resolved {number}")
    page.keyboard.press("Control+k")
    page.keyboard.type("learned")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("learned"))


def test_the_bell_rings_for_what_others_do(server, page, ines):
    tom = server.do(make_user, "Tom Aldridge")
    page.goto(server.url("/inbox/all/"))
    expect(page.locator("#bell .count")).to_have_count(0)

    def give():
        from helpdesk.models import Ticket, User

        ticket = make_ticket(body="Hygrometer", handler="team")
        Ticket.objects.get(pk=ticket.pk).assign(to=User.objects.get(pk=ines.pk), by=User.objects.get(pk=tom.pk))
        return ticket.pk

    number = server.do(give)
    expect(page.locator("#bell .count")).to_contain_text("1", timeout=15_000)
    page.locator("#bell").click()
    expect(page.locator("#told")).to_contain_text("It was given to you")
    page.goto(server.url(f"/inbox/all/{number}/"))
    expect(page.locator("#bell .count")).to_have_count(0)


def test_close_rows_and_endless_words_fit(server, page, ines):
    (number,) = server.do(lambda: [make_ticket(body="w" * 3000, subject="s" * 200, handler="team").pk])
    page.goto(server.url("/inbox/settings/"))
    page.get_by_label("Compact").check()
    page.get_by_role("button", name="Keep").click()
    page.goto(server.url(f"/inbox/all/?q=%23{number}"))
    expect(page.locator("[data-density=compact]")).to_be_visible()
    for size in (PHONE, {"width": 1440, "height": 900}):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
