"""Two real browsers: a customer on their own product's page, an agent beside it. One window for the customer, whoever answers in it."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.test_host import CUSTOMERS, ask, fieldnote, latest, sign_in  # noqa: F401  (a fixture among them)
from tests.factories import make_article, make_user

pytestmark = pytest.mark.usefixtures("day_one")

QUESTION = "How can somebody sign a permit without an account?"
DOTS = "What do the coloured dots mean?"


@pytest.fixture
def customer(browser, fieldnote):  # noqa: F811
    with browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}) as context:
        page, errors = context.new_page(), []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{fieldnote}/permits")
        yield page
        assert not errors


@pytest.fixture
def agent(server, browser):
    ines = server.do(make_user)
    with browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 900}) as context:
        server.sign_in(context, agent=ines.email)
        page, errors = context.new_page(), []
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
        assert not errors


def frame_of(page):
    return page.frame_locator("iframe")


def write(page, text):
    frame_of(page).get_by_label("Ask a question").fill(text)
    frame_of(page).get_by_role("button", name="Send").click()


def chat_with(agent, server, number):
    agent.goto(server.url(f"/live/?chat={number}"))
    pane = agent.locator(f"[data-chat='{number}']")
    expect(pane).to_be_visible()
    return pane


def say(pane, text):
    pane.locator("[name=body]").fill(text)
    pane.locator("[name=body]").press("Control+Enter")
    expect(pane.locator("[name=body]")).to_have_value("")


def test_a_person_takes_over_and_hands_back_in_the_same_window(server, customer, agent):
    sign_in(customer, "priya")
    agent.goto(server.url("/live/"))
    ask(customer, QUESTION)
    number, context, _ = server.do(latest, CUSTOMERS["priya"])
    row = agent.locator(f"#live-{number}")
    expect(row).to_contain_text("Let somebody sign without an account")
    expect(row).to_contain_text("sure")
    expect(row).to_contain_text("Calm")
    expect(row.get_by_text("in the widget now")).to_be_attached()
    row.get_by_role("link").click()
    pane = agent.locator(f"[data-chat='{number}']")
    expect(pane.locator("[data-here]")).to_have_text("In the widget on /permits")

    pane.get_by_role("button", name="Take over").click()
    expect(frame_of(customer).locator("#who")).to_have_text("Ines is looking after this")
    expect(pane.get_by_role("button", name="Hand back")).to_be_visible()
    pane.locator("[name=body]").press_sequentially("Hello Priya, I am", delay=100)
    expect(frame_of(customer).locator(".chat--typing")).to_contain_text("Ines is typing")
    frame_of(customer).get_by_label("Ask a question").press_sequentially("It is urgent", delay=100)
    expect(pane.locator("[data-typing]")).to_contain_text("Priya is typing: I")

    pane.get_by_text("Whisper").first.click()
    say(pane, "She had this last week as well.")
    expect(pane.locator(".message--note")).to_contain_text("last week")
    pane.get_by_text("Reply", exact=True).click()
    say(pane, "Hello Priya, which permit is it?")
    expect(frame_of(customer).locator("#log")).to_contain_text("which permit is it?")
    expect(pane.locator(".receipt")).to_contain_text("Read")
    write(customer, "It is URGENT and still not working!!")
    expect(pane).to_contain_text("still not working")
    expect(pane.locator(".live-chat__bar")).to_contain_text("Upset")
    expect(frame_of(customer).locator(".chat__receipt")).to_contain_text("Read by Ines")

    say(pane, "It is mended now.")
    expect(frame_of(customer).locator("#log")).to_contain_text("It is mended now.")
    pane.get_by_role("button", name="Hand back").click()
    expect(pane.locator(".live-chat__bar")).to_contain_text("Assistant")
    write(customer, "Does the app work offline, without a connection?")
    expect(frame_of(customer).locator("#log")).to_contain_text("keeps your inspections on the phone", timeout=15_000)
    expect(pane).to_contain_text("keeps your inspections on the phone")
    assert "last week" not in frame_of(customer).locator("#log").inner_text()

    agent.goto(server.url(f"/inbox/everything/{number}/"))
    expect(agent.locator("#customer")).to_contain_text("Before writing to us")
    expect(agent.locator("#customer")).to_contain_text("/permits")
    for words in ("Ines took over", "You took over", "handed this back"):
        if words != "Ines took over":
            expect(agent.locator("#thread-scroll")).to_contain_text(words)


def test_several_chats_stand_side_by_side_and_one_is_passed_on(server, customer, agent, browser, fieldnote):  # noqa: F811
    tom = server.do(make_user, "Tom Aldridge")
    sign_in(customer, "priya")
    ask(customer, QUESTION)
    first, _, _ = server.do(latest, CUSTOMERS["priya"])
    with browser.new_context(locale="en-GB") as context:
        other = context.new_page()
        other.goto(f"{fieldnote}/people")
        sign_in(other, "mateus")
        ask(other, "Can I work without a connection?")
        second, _, _ = server.do(latest, CUSTOMERS["mateus"])
        pane = chat_with(agent, server, first)
        pane.locator("[name=body]").fill("I am writing to Priya")
        agent.locator(f"#live-{second}").get_by_role("link").click()
        beside = agent.locator(f"[data-chat='{second}']")
        write(other, "And on the tablet?")
        expect(beside).to_contain_text("And on the tablet?")
        expect(pane.locator("[name=body]")).to_have_value("I am writing to Priya")
        expect(pane).not_to_contain_text("tablet")
        beside.get_by_role("button", name="Take over").click()
        beside.get_by_text("Pass on").click()
        beside.get_by_role("button", name="Tom Aldridge").last.click()
        expect(beside.locator(".live-chat__bar")).to_contain_text("Tom")
        beside.get_by_role("link", name="Close the chat with Mateus").click()
        expect(beside).to_have_count(0)
        expect(pane.locator("[name=body]")).to_have_value("I am writing to Priya")
    assert tom.name == "Tom Aldridge"


def test_a_reload_an_hour_offline_and_a_second_tab_lose_nothing(server, customer, agent):
    sign_in(customer, "priya")
    ask(customer, QUESTION)
    number, _, _ = server.do(latest, CUSTOMERS["priya"])
    pane = chat_with(agent, server, number)
    say(pane, "Could you tell me more?")
    expect(frame_of(customer).locator("#log")).to_contain_text("tell me more")
    customer.reload()
    customer.get_by_role("button", name="Help").click()
    expect(frame_of(customer).locator("#log")).to_contain_text("tell me more")

    customer.context.set_offline(True)
    write(customer, "I am on the train")
    expect(frame_of(customer).locator("#log")).to_contain_text("Waiting for a connection")
    say(pane, "Take your time.")
    customer.context.set_offline(False)
    expect(pane).to_contain_text("I am on the train", timeout=20_000)
    expect(frame_of(customer).locator("#log")).to_contain_text("Take your time.", timeout=20_000)
    expect(frame_of(customer).locator("#log").get_by_text("I am on the train")).to_have_count(1)

    tab = customer.context.new_page()  # begins with the same conversation
    tab.goto(customer.url)
    tab.get_by_role("button", name="Help").click()
    expect(frame_of(tab).locator("#log")).to_contain_text("I am on the train")
    write(tab, "Here I am again")
    expect(frame_of(customer).locator("#log")).to_contain_text("Here I am again")
    expect(pane.locator(".message").filter(has_text="Here I am again")).to_be_visible()  # who writes before seeing it is asked first
    say(pane, "Welcome back.")
    for each in (customer, tab):
        expect(frame_of(each).locator("#log")).to_contain_text("Welcome back.")
        assert len(frame_of(each).get_by_text("Welcome back.").all()) == 1
    frame_of(tab).get_by_role("button", name="Ask something else").click()
    write(tab, "Does the app work offline, without a connection?")
    expect(frame_of(tab).locator(".chat:not(.chat--me):not(.chat--pending)")).to_be_visible()
    customer.reload()  # each tab stays with its own
    customer.get_by_role("button", name="Help").click()
    expect(frame_of(customer).locator("#log")).to_contain_text("Welcome back.")


def test_what_was_on_its_way_when_the_page_was_reloaded_is_said_once(server, customer):
    sign_in(customer, "priya")
    before = server.do(how_many, CUSTOMERS["priya"])
    customer.get_by_role("button", name="Help").click()
    expect(frame_of(customer).get_by_text("Ask in your own words. Where")).to_be_visible()
    customer.route("**/widget/conversations/**", lambda route: route.abort())
    write(customer, QUESTION)
    expect(frame_of(customer).locator("#log")).to_contain_text("Waiting for a connection")
    customer.reload()
    customer.unroute("**/widget/conversations/**")
    customer.get_by_role("button", name="Help").click()
    expect(frame_of(customer).locator(".chat:not(.chat--me):not(.chat--pending)")).to_be_visible()
    customer.reload()
    customer.get_by_role("button", name="Help").click()
    expect(frame_of(customer).locator(".chat--me")).to_have_text(re.compile(re.escape(QUESTION)))
    assert server.do(how_many, CUSTOMERS["priya"]) == before + 1


def how_many(of):
    from helpdesk.models import Customer

    return Customer.objects.with_email(of).tickets.count()


def coloured_dots():
    """The demo company's three articles with one question between them, at a desk whose policy has earned it to answer sooner than on the first day."""
    from django.utils import timezone

    from helpdesk.models import Article
    from helpdesk.search.index import index_source, outline
    from learning.models import Policy

    lines = (Path(__file__).parents[2] / "helpdesk" / "demo" / "articles.jsonl").read_text().splitlines()
    for told in map(json.loads, lines):
        if "coloured dots" in told["title"] and not Article.objects.filter(title=told["title"]).exists():
            article = make_article(told["title"], told["body"], pages=told["pages"])
            index_source(article.source, outline(told["title"], told["body"]))
    weights = {"threshold": 0.3, "strict_threshold": 0.96, "episodes": 250, "offset": 0.0, "slope": 1.0, "pages": {}}
    return Policy.objects.create(version="v1.1", weights=weights, at=timezone.now()).pk


def retire(policy):
    from learning.models import Policy

    Policy.objects.filter(pk=policy).delete()


@pytest.fixture
def dots(server):
    policy = server.do(coloured_dots)
    yield
    server.do(retire, policy)


def test_the_same_words_on_three_pages_have_three_answers_and_the_agent_sees_where(server, browser, agent, fieldnote, dots):  # noqa: F811
    told = {
        "priya": ("/permits", "the list of permits"),
        "mateus": ("/settings/webhooks", "the list of deliveries"),
        "adaeze": ("/people", "team members"),
    }
    for who, (path, title) in told.items():
        with browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}) as context:
            page = context.new_page()
            page.goto(fieldnote + path)
            sign_in(page, who)
            frame = ask(page, DOTS)
            expect(frame.locator(".chat__source").last).to_contain_text(title)
            frame.get_by_text("Why this answer").last.click()
            expect(frame.locator(".chat__reasons").last).to_contain_text("%")
    agent.goto(server.url("/live/"))
    agent.get_by_role("link", name=DOTS).first.click()
    number = agent.locator("[data-chat]").get_attribute("data-chat")
    agent.goto(server.url(f"/inbox/everything/{number}/"))
    expect(agent.locator(".trail")).to_contain_text("/people")
