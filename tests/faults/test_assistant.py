"""Without vectors or without its model the assistant says less. Nothing is lost, and the customer is told what happens."""

import time

import pytest
from django.core.cache import cache

from assistant import llm
from helpdesk import events
from helpdesk.models import Chunk, Message, Ticket
from helpdesk.search import embedder
from helpdesk.search.index import reembed_missing
from tests.access.world import session_of
from tests.assistant.openai_peer import Peer
from tests.factories import make_article, make_customer, make_ticket, make_user

pytestmark = pytest.mark.django_db(transaction=True)

TITLE = "Let a guest sign a permit"
BODY = "A guest signature does not use a seat. Open the permit, choose **Signatures**, then **Add a guest**."
QUESTION = "How do I let a guest sign a permit?"


@pytest.fixture
def client_of(client):
    def sign_in(person):
        client.cookies["sessionid"] = session_of(person)
        return client

    return sign_in


@pytest.fixture
def no_embedder(settings):
    settings.EMBEDDER = "tests.nowhere.Missing"
    embedder.forget_embedder()
    yield settings
    settings.EMBEDDER = "minilm"
    embedder.forget_embedder()


def publish():
    with events.inline():
        return make_article(TITLE, BODY)


def test_without_an_embedder_people_answer(no_embedder, client_of):
    publish()
    ada = make_customer()
    client = client_of(ada)
    asked = client.post("/ask/", {"question": QUESTION, "client_msg_id": "c1"}, follow=True)
    assert asked.status_code == 200
    ticket = ada.tickets.get()
    assert QUESTION in asked.content.decode() and "A person will answer" in asked.content.decode()
    assert (ticket.handler, ticket.state, ticket.messages.first().body) == ("team", "open", QUESTION)
    ines = make_user()
    assert ticket.reply("Choose Add a guest.", by=ines).pk
    assert QUESTION in client_of(ines).get(f"/inbox/all/{ticket.pk}/").content.decode()


def test_what_is_published_without_an_embedder_is_found_by_words_and_embedded_later(no_embedder, client):
    publish()
    assert Chunk.objects.exclude(vector=None).count() == 0
    assert TITLE in client.get("/search/", {"q": "guest permit"}).content.decode()
    no_embedder.EMBEDDER = "minilm"
    embedder.forget_embedder()
    reembed_missing()
    assert Chunk.objects.count() > 0
    assert Chunk.objects.filter(vector=None).count() == 0


@pytest.fixture
def peer(settings):
    cache.delete(llm.BREAKER)
    peer = Peer()
    settings.LLM_PROVIDER, settings.LLM_MODEL, settings.LLM_API_KEY = "openai", "small-model", "sk-test"
    settings.LLM_BASE_URL, settings.LLM_TIMEOUT = peer.url, 1
    yield peer
    peer.close()
    cache.delete(llm.BREAKER)


def ask():
    started = time.monotonic()
    with events.inline():
        ticket = make_ticket(make_customer(), QUESTION)
    return ticket.messages.filter(author=Message.Author.ASSISTANT).last(), time.monotonic() - started


@pytest.mark.parametrize("mood", ["unauthorised", "busy", "broken", "garbage", "half", "slow", "silent"])
def test_when_the_model_fails_the_passage_is_quoted(peer, mood):
    publish()
    llm.get_llm()  # its import takes seconds, once a worker
    peer.mood = mood
    reply, taken = ask()
    assert reply.kind == "answer" and "Add a guest" in reply.body and reply.citations[0]["title"] == TITLE
    assert taken < 6
    told = len(peer.requests)
    reply, _ = ask()
    assert "Add a guest" in reply.body
    assert (len(peer.requests) == told) is (mood != "silent")  # after a failure the model is left alone for a while


def test_when_the_model_finds_no_answer_people_do(peer):
    publish()
    peer.text = "NO_ANSWER"
    reply, _ = ask()
    assert reply.kind == "handoff" and "A person will answer" in reply.body
    assert Ticket.objects.get().handler == "team"
