"""A customer at their screen: sign in by mail, ask, read the answer, and see what people write without reloading."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.factories import make_article, make_customer, make_ticket, make_user

pytestmark = pytest.mark.usefixtures("day_one")

PHONE = {"width": 390, "height": 844}


def code_for(page, server, email):
    """From the mail that the embedded product keeps."""
    box = page.context.new_page()
    mailed = box.locator(".asked-row", has_text=email).first.locator("a")
    deadline = time.monotonic() + 20
    box.goto(server.url("/dev/mail/"))
    while not mailed.count() and time.monotonic() < deadline:
        box.reload()
    expect(mailed).to_be_visible()
    code = re.search(r"\d{6}", mailed.inner_text())[0]
    box.close()
    return code


@pytest.mark.parametrize("size", [None, PHONE], ids=["desk", "phone"])
def test_a_visitor_asks_proves_their_address_and_gets_an_answer_or_a_promise(page, server, size):
    email = f"priya-{'phone' if size else 'desk'}@northline.example"
    if size:
        page.set_viewport_size(size)
    page.goto(server.url("/"))
    page.get_by_role("link", name="Ask a question").click()
    page.get_by_label("Your question").fill("Can a subcontractor sign without a seat?")
    page.get_by_label("Your email").fill(email)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Look at your mail")).to_be_visible()
    page.get_by_label("Code").fill(code_for(page, server, email))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Can a subcontractor sign without a seat?")).to_be_visible()
    expect(page.get_by_text("Did this solve it?").or_(page.get_by_text("A person will answer"))).to_be_visible()
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow <= 0


@pytest.fixture
def ada(server, page):
    ada = server.do(make_customer)
    server.sign_in(page.context, customer=ada.email)
    return ada


def test_what_an_agent_writes_appears_and_what_is_being_typed_stays(page, server, ada):
    ticket = server.do(lambda: make_ticket(ada, handler="team"))
    page.goto(server.url(f"/questions/{ticket.pk}/"))
    page.get_by_placeholder("Add something").fill("Half a sente")

    def reply():
        from helpdesk.models import Ticket

        Ticket.objects.get(pk=ticket.pk).reply("Choose **Add a guest**.", by=make_user("Tom Aldridge"))

    server.do(reply)
    expect(page.get_by_text("Choose Add a guest.")).to_be_visible(timeout=15_000)
    expect(page.get_by_placeholder("Write to Tom Aldridge")).to_have_value("Half a sente")
    expect(page.locator(".progress [aria-current=step]")).to_contain_text("Waiting for you")


def test_without_scripts_everything_works(browser, server):
    article = server.do(make_article, "Guest signatures without a script", slug="guest-signatures-without-a-script")
    ada = server.do(make_customer)
    ticket = server.do(lambda: make_ticket(ada, handler="team"))
    with browser.new_context(java_script_enabled=False) as context:
        server.sign_in(context, customer=ada.email)
        page = context.new_page()
        page.goto(server.url(article.get_absolute_url()))
        page.get_by_role("button", name="Not quite").click()
        page.get_by_label("What is missing, or wrong").fill("Where it is")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_text("Thank you, we will look at it")).to_be_visible()
        page.goto(server.url(f"/questions/{ticket.pk}/"))
        page.get_by_placeholder("Add something").fill("It works by itself now.")
        page.get_by_role("button", name="Send").click()
        expect(page.locator(".say--me", has_text="It works by itself now.")).to_be_visible()
        page.get_by_role("button", name="Mark as solved").click()
        expect(page.get_by_text("Thank you for telling us")).to_be_visible()
