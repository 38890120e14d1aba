"""A model's answer as its customer sees it: word by word in the widget, then whole; and never half of one when the model dies."""

import pytest
from playwright.sync_api import expect

from config import product
from tests.assistant.openai_peer import Peer
from tests.browser.test_first_loop import ARTICLES
from tests.browser.test_host import CUSTOMERS, fieldnote, latest, sign_in  # noqa: F401  (a fixture among them)

pytestmark = pytest.mark.usefixtures("day_one")

QUESTION = "How can somebody sign a permit without an account?"
TITLE = "Let somebody sign without an account"
FIRST, SECOND = (
    "Open the permit, choose **Signatures**, then **Add a guest**. [1]",
    "The guest signs on your screen, and needs no account. [1]",
)
HALF = "Open the permit, choose Signatures, then Add a guest."  # what stands there when the model falls silent
WATCH = """log => {
  const told = (window.glimpsed = []);
  new MutationObserver(() => {
    const text = log.querySelector(".chat--pending:not(.chat--typing) .chat__body")?.textContent;
    if (text && text !== told.at(-1)) told.push(text);
  }).observe(log, { childList: true, subtree: true, characterData: true });
}"""


def nothing_failed():
    from django.core.cache import cache

    from assistant import llm

    cache.delete(llm.BREAKER)


def said_to(of):
    """What the assistant has said in their last conversation: (kind, body)."""
    from helpdesk.models import Customer, Message, Ticket

    ticket = Ticket.objects.filter(customer=Customer.objects.with_email(of)).latest("pk")
    return [(each.kind, each.body) for each in ticket.messages.filter(author=Message.Author.ASSISTANT).order_by("seq")]


def restart(server, environ):
    """Who answers, and where, is read from the settings when a process starts."""
    for name in ("web", "worker"):
        server.stop(name)
        product.start(name, server.owner, environ, server.port)
    product.wait_ready(server.port, server.owner)


@pytest.fixture(scope="module")
def with_model(server, fieldnote):  # noqa: F811
    """The server, with the stand-in for its model."""
    peer = Peer()
    peer.text = f"{FIRST} {SECOND}"
    spoken = {"LLM_PROVIDER": "openai", "LLM_MODEL": "small-model", "LLM_API_KEY": "sk-test", "LLM_BASE_URL": peer.url}
    restart(server, {**server.environ, **spoken})
    yield peer
    peer.close()
    restart(server, server.environ)
    server.do(nothing_failed)


@pytest.fixture
def asked(server, browser, fieldnote, with_model):  # noqa: F811
    """A customer who has just asked, and every text that stood there while the answer was being written."""
    server.do(nothing_failed)
    with_model.requests.clear()
    with_model.released.clear()
    with browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}) as context:
        page, errors = context.new_page(), []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{fieldnote}/permits")
        sign_in(page, "priya")
        page.get_by_role("button", name="Help").click()
        frame = page.frame_locator("iframe")
        log = frame.locator("#log")
        log.evaluate(WATCH)

        def ask(mood):
            with_model.mood = mood
            frame.get_by_label("Ask a question").fill(QUESTION)
            frame.get_by_role("button", name="Send").click()
            expect(frame.locator(".chat--pending .chat__body")).to_have_text(HALF, timeout=60_000)  # the first answer loads the library
            return frame, lambda: log.evaluate("() => window.glimpsed")

        yield ask
        assert not errors


def growing(texts):
    texts = [text for text in texts if text != "Working on it"]
    return len(texts) > 3 and all(after.startswith(before) for before, after in zip(texts, texts[1:], strict=False))


def test_words_appear_while_the_answer_is_written_and_then_it_stands_with_its_source_and_its_reasons(server, asked, with_model):
    frame, glimpsed = asked("wordy")
    expect(frame.locator(".chat__source, .chat__why, #verdict:visible")).to_have_count(0)
    assert server.do(said_to, CUSTOMERS["priya"]) == [] and growing(glimpsed())
    with_model.released.set()
    answer = frame.locator(".chat:not(.chat--me):not(.chat--pending)")
    expect(answer.locator(".chat__body")).to_contain_text("The guest signs on your screen, and needs no account.")
    expect(answer.locator("strong")).to_have_text(["Signatures", "Add a guest"])
    expect(answer.locator(".chat__source")).to_contain_text(TITLE)
    answer.get_by_text("Why this answer").click()
    expect(answer.locator(".chat__reasons")).to_contain_text("%")
    expect(frame.locator(".chat--pending")).to_have_count(0)
    expect(frame.get_by_role("button", name="That solved it")).to_be_visible()
    assert growing(glimpsed()) and len(glimpsed()[-1]) > len(HALF)
    assert server.do(said_to, CUSTOMERS["priya"]) == [("answer", f"{FIRST} {SECOND}")]
    assert sum(QUESTION in str(each) for each in with_model.requests) == 1  # the drafts of earlier tests' tickets may be written meanwhile


def test_a_model_that_dies_midway_leaves_nothing_half_and_the_article_answers(server, asked, with_model):
    frame, glimpsed = asked("dying")
    assert growing(glimpsed())
    with_model.released.set()
    answer = frame.locator(".chat:not(.chat--me):not(.chat--pending)")
    expect(answer.locator(".chat__body")).to_have_text(
        "Open the permit, choose Signatures, then Add a guest. The guest signs on your screen."
    )
    expect(answer.locator(".chat__source")).to_contain_text(TITLE)
    expect(frame.locator(".chat--pending")).to_have_count(0)
    expect(frame.locator(".chat--me")).to_have_count(1)
    assert server.do(said_to, CUSTOMERS["priya"]) == [("answer", ARTICLES[TITLE])]
    assert server.do(latest, CUSTOMERS["priya"])[0] and sum(QUESTION in str(each) for each in with_model.requests) == 1
