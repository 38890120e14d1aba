"""One open ticket and two desks: who reads and who writes, what is written and not sent, and who was faster."""

import re

from playwright.sync_api import expect

from tests.browser.test_inbox import ines, open_ticket, say, ticket, tom
from tests.factories import make_team, make_user

__all__ = ["ines", "ticket", "tom"]  # fixtures


def unsent(server, ticket):
    def read():
        from helpdesk.models import Unsent

        return {each.kind: each.body for each in Unsent.objects.filter(ticket_id=ticket.pk)}

    return server.do(read)


def kept(page):
    """Wait until the server has what is written."""
    with page.expect_response(lambda response: "/unsent/" in response.url and response.ok):
        pass


def test_each_sees_who_reads_and_who_writes(server, page, ines, tom, ticket):
    open_ticket(server, page, ticket)
    open_ticket(server, tom.page, ticket)
    expect(page.locator("#presence")).to_have_text(re.compile("Tom is reading"))
    expect(tom.page.locator("#presence")).to_have_text(re.compile("Ines is reading"))
    tom.page.locator("#body").press_sequentially("I think that")
    expect(page.locator("#presence")).to_have_text(re.compile("Tom is writing a reply"))
    expect(page.locator("#ticket-head")).to_contain_text("Tom has an unsent draft")
    tom.page.locator("#body").fill("")
    expect(page.locator("#ticket-head")).not_to_contain_text("Tom has an unsent draft")
    tom.page.goto(server.url("/inbox/all/"))
    expect(page.locator("#presence")).to_be_empty()


def test_what_is_written_outlives_a_crash_and_goes_to_another_desk(server, browser, page, ines, ticket):
    open_ticket(server, page, ticket)
    page.locator("#body").press_sequentially("Choose Add a guest")
    page.get_by_role("radio", name="Internal note").check(force=True)
    page.locator("#body").press_sequentially("She was kind")
    kept(page)
    with browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800}) as elsewhere:
        server.sign_in(elsewhere, agent=ines.email)
        desk = elsewhere.new_page()
        open_ticket(server, desk, ticket)
        expect(desk.locator("#body")).to_have_value("Choose Add a guest")
        expect(desk.locator("[data-restored]")).to_contain_text("is back, reply and note.")
        desk.get_by_role("radio", name="Internal note").check(force=True)
        expect(desk.locator("#body")).to_have_value("She was kind")
        desk.get_by_role("button", name="Add note").click()
        expect(desk.locator(".message--note")).to_contain_text("She was kind")
        assert unsent(server, ticket) == {"reply": "Choose Add a guest"}
        desk.get_by_role("radio", name="Reply").check(force=True)
        expect(desk.locator("#body")).to_have_value("Choose Add a guest")
    page.reload()
    page.get_by_role("button", name="Discard").click()
    expect(page.locator("#body")).to_have_value("")
    kept(page)
    assert unsent(server, ticket) == {}
    page.keyboard.press("Control+z")
    expect(page.locator("#body")).to_have_value("Choose Add a guest")


def test_what_was_left_at_once_and_sent_from_another_desk_does_not_come_back(server, browser, page, ines, ticket):
    open_ticket(server, page, ticket)
    page.route("**/unsent/", lambda route: route.fetch())  # the server has it, and the page is left before it hears of that
    with page.expect_request("**/unsent/"):
        page.locator("#body").fill("Choose Add a guest")
    page.goto(server.url("/inbox/all/"))
    page.unroute("**/unsent/")
    place = f"whetstone:composer:{ines.pk}:{ticket.pk}"
    assert "Add a guest" in page.evaluate("place => localStorage.getItem(place)", place)
    with browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800}) as elsewhere:
        server.sign_in(elsewhere, agent=ines.email)
        desk = elsewhere.new_page()
        open_ticket(server, desk, ticket)
        expect(desk.locator("#body")).to_have_value("Choose Add a guest")
        desk.locator("#body").press("Control+End")
        desk.locator("#body").press_sequentially(", please")
        desk.locator("#body").press("Control+Enter")
        expect(desk.locator(".message--agent")).to_contain_text("Choose Add a guest, please")
    open_ticket(server, page, ticket)
    expect(page.locator("#body")).to_have_value("")
    assert page.evaluate("place => localStorage.getItem(place)", place) is None
    assert unsent(server, ticket) == {}


def test_what_the_server_never_had_comes_back_from_the_machine(server, page, ines, ticket):
    open_ticket(server, page, ticket)
    page.evaluate("""() => {
        const real = window.fetch;
        window.fetch = (url, ...more) => String(url).includes("/unsent/") ? Promise.reject(new TypeError("in a tunnel")) : real(url, ...more);
    }""")
    page.locator("#body").fill("Written in a tunnel")
    page.goto(server.url("/inbox/all/"))
    assert unsent(server, ticket) == {}
    with page.expect_response(lambda response: "/unsent/" in response.url and response.ok):
        open_ticket(server, page, ticket)
    expect(page.locator("#body")).to_have_value("Written in a tunnel")
    assert unsent(server, ticket) == {"reply": "Written in a tunnel"}


def test_keys_go_on_where_one_looks(server, page, ines, ticket):
    """A sheet begins in its field, and neither a menu that was used nor a reason that was opened takes the keys away."""
    open_ticket(server, page, ticket)
    page.keyboard.press("m")
    expect(page.locator("#merge-find")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.locator("#thread-scroll")).to_contain_text("You took this")
    page.evaluate(
        "document.querySelector('.thread__inner').insertAdjacentHTML('beforeend', '<details open><summary id=\"why\">Why</summary></details>')"
    )
    page.locator("#why").focus()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()


def test_two_windows_that_write_at_once_lose_nothing(server, page, ines, ticket):
    open_ticket(server, page, ticket)
    other = page.context.new_page()
    open_ticket(server, other, ticket)
    page.locator("#body").fill("At the desk")
    kept(page)
    other.locator("#body").fill("On the phone")
    expect(other.locator("[data-elsewhere]")).to_be_visible()
    expect(other.locator("#body")).to_have_value("On the phone")
    other.get_by_role("button", name="Add it here").click()
    expect(other.locator("#body")).to_have_value("On the phone\n\nAt the desk")


def test_whoever_was_faster_is_shown_and_sending_asks_first(server, page, ines, tom, ticket):
    open_ticket(server, page, ticket)
    open_ticket(server, tom.page, ticket)
    page.locator("#body").fill("My answer")
    tom.page.locator("#body").fill("I am on it")
    tom.page.locator("#body").press("Control+Enter")
    expect(page.locator("[data-faster]")).to_contain_text("Tom Aldridge wrote while you were writing")
    page.locator("#body").press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("Tom wrote while you were writing")
    expect(page.locator("#body")).to_have_value("My answer")
    expect(page.locator("#body")).to_be_focused()
    page.get_by_role("button", name="Send anyway").click()
    expect(page.locator(".message--agent")).to_have_count(2)


def test_what_is_typed_while_a_message_is_on_its_way_stays(server, page, ines, ticket):
    open_ticket(server, page, ticket)
    held = []
    page.route("**/messages/", lambda route: held.append(route) if route.request.method == "POST" else route.continue_())
    page.locator("#body").fill("First")
    page.locator("#body").press("Control+Enter")
    page.locator("#body").press_sequentially(" and second")
    assert len(held) == 1
    held[0].continue_()
    expect(page.locator(".message--agent")).to_have_text(re.compile("First"))
    expect(page.locator("#body")).to_have_value("and second")


def test_one_key_gives_it_to_somebody_and_one_press_sends_and_resolves(server, page, ines, tom, ticket):
    team = server.do(make_team, "Zephyr")
    server.do(make_user, "Quentin Marsh")
    open_ticket(server, page, ticket)
    page.keyboard.press("p")
    page.keyboard.type("quent")
    page.keyboard.press("Enter")
    expect(page.locator("#thread-scroll")).to_contain_text("You assigned this to Quentin")
    page.keyboard.press("t")
    page.keyboard.type("zeph")
    page.keyboard.press("Enter")
    expect(page.locator("#thread-scroll")).to_contain_text(f"You passed this to {team.name}")
    page.keyboard.press("r")
    page.keyboard.type("That is it.")
    page.keyboard.press("Control+Shift+Enter")
    expect(page.locator("#ticket-head")).to_contain_text("Resolved")
    say(server, ticket, "It is back")
    expect(page.locator("#ticket-head")).to_contain_text("Open")
    expect(page.locator("#thread-scroll")).to_contain_text("Ada reopened this")
