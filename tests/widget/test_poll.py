"""Requests that wait, for the widget where sockets are blocked: the same copies by another way, for the same people."""

import asyncio
import json

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.utils import timezone

from config.asgi import application
from helpdesk import intake, polling
from helpdesk.models import Site, Ticket, Visit
from tests.factories import make_customer, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


@sync_to_async
def scene():
    site, ada, mallory = Site.objects.create(name="Fieldnote app"), make_customer(), make_customer("Mallory Vane")
    ticket = intake.open_ticket(customer=ada, body="How do I invite a guest?", channel="chat", handler="team")
    tokens = [Visit.begin(site, who, at=timezone.now())[0].token() for who in (ada, mallory)]
    return ticket.pk, *tokens, make_user("Ines Carvalho")


async def ask(token, method="GET", origin="http://localhost", **asked):
    query = "&".join(f"{name}={value}" for name, value in asked.items()).encode()
    headers = [(b"authorization", f"Visit {token}".encode()), (b"origin", origin.encode())]
    scope = {"type": "http", "method": method, "path": "/ws/widget/poll/", "query_string": query, "headers": headers}
    call = ApplicationCommunicator(application, scope)
    await call.send_input({"type": "http.request", "body": b""})
    started, body = await call.receive_output(10), await call.receive_output(10)
    return started["status"], dict(started["headers"]), json.loads(body["body"] or b"null")


@sync_to_async
def reply(number, agent, text):
    ticket = Ticket.objects.get(pk=number)
    ticket.note(f"Only for us: {text}", by=agent)
    ticket.reply(text, by=agent)


async def test_what_is_new_is_told_at_once_and_else_it_waits_until_something_is():
    number, ada, _, ines = await scene()
    status, _, told = await ask(ada, number=number, after=0)
    assert status == 200 and [each["author"] for each in told["frames"][0]["messages"]] == ["customer"]
    known = told["frames"][0]
    waiting = asyncio.create_task(ask(ada, number=number, after=known["last"], version=known["version"]))
    await asyncio.sleep(0.3)
    assert not waiting.done() and polling.Poll.waiting == 1
    await reply(number, ines, "Choose **Add a guest**.")
    status, _, told = await asyncio.wait_for(waiting, 6)
    said = [message for frame in told["frames"] for message in frame.get("messages", [])]
    assert status == 200 and [each["author"] for each in said] == ["agent"] and "Only for us" not in str(told)
    assert polling.Poll.waiting == 0


async def test_after_a_while_it_says_that_nothing_is_new(monkeypatch):
    monkeypatch.setattr(polling, "PATIENCE", 0.1)
    number, ada, _, _ = await scene()
    known = (await ask(ada, number=number))[2]["frames"][0]
    assert (await ask(ada, number=number, after=known["last"], version=known["version"]))[2] == {"frames": []}


async def test_nobody_reads_what_is_not_theirs():
    number, ada, mallory, _ = await scene()
    for token, status in ((mallory, 404), ("x", 401), ("", 401)):
        found, _, told = await ask(token, number=number)
        assert found == status and "guest" not in str(told)
    for nonsense in ("", "x", "9" * 30, "-1", number + 1):
        assert (await ask(ada, number=nonsense))[0] == 404
    await sync_to_async(Visit.objects.update)(ended_at=timezone.now())
    assert (await ask(ada, number=number))[0] == 401


async def test_only_pages_of_our_own_address_may_read_the_answer():
    number, ada, _, _ = await scene()
    ours, theirs = await ask(ada, number=number), await ask(ada, number=number, origin="https://evil.example")
    assert ours[1][b"Access-Control-Allow-Origin"] == b"http://localhost" and b"Access-Control-Allow-Credentials" not in ours[1]
    assert b"Access-Control-Allow-Origin" not in theirs[1]
    status, headers, _ = await ask(ada, method="OPTIONS")
    assert status == 204 and headers[b"Access-Control-Allow-Headers"] == b"authorization"


async def test_a_full_house_answers_at_once(monkeypatch):
    monkeypatch.setattr(polling, "MOST", 0)
    number, ada, _, _ = await scene()
    known = (await ask(ada, number=number))[2]["frames"][0]
    assert (await ask(ada, number=number, after=known["last"], version=known["version"]))[2]["frames"]
