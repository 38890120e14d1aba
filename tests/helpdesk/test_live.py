"""The live socket: hints for those who may see, nothing for anybody else, and bounded frames. With a real Redis."""

import asyncio
import datetime as dt
import json
from contextlib import suppress

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from config.asgi import application
from helpdesk import live
from helpdesk.identity import CUSTOMER_KEY
from helpdesk.models import Outbox
from tests.factories import make_customer, make_team, make_ticket, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


def session_of(person):
    session = SessionStore()
    if hasattr(person, "role"):
        session.update({SESSION_KEY: str(person.pk), "_auth_user_backend": "django.contrib.auth.backends.ModelBackend"})
        session["_auth_user_hash"] = person.get_session_auth_hash()
    else:
        session[CUSTOMER_KEY] = person.pk
    session.save()
    return session.session_key


class Socket(ApplicationCommunicator):
    """A browser's end of the socket."""

    def __init__(self, session_key="", origin="http://localhost"):
        headers = [(b"host", b"localhost"), (b"cookie", f"sessionid={session_key}".encode())]
        headers += [(b"origin", origin.encode())] if origin else []
        scope = {"type": "websocket", "path": "/ws/live/", "query_string": b"", "headers": headers, "subprotocols": []}
        super().__init__(application, scope)

    async def connect(self):
        await self.send_input({"type": "websocket.connect"})
        return (await self.receive_output(2))["type"] == "websocket.accept"

    async def say(self, text):
        await self.send_input({"type": "websocket.receive", "text": text})

    async def frame(self):
        frame = await self.receive_output(2)
        return json.loads(frame["text"]) if frame["type"] == "websocket.send" else frame

    async def hear(self):
        """The next frame, but for the word that it may have missed something: a process says that of itself while it begins to listen."""
        while (frame := await self.frame()) == {"kind": "behind"}:
            pass
        return frame

    async def hears_nothing(self):
        with suppress(TimeoutError):
            return not await asyncio.wait_for(self.hear(), 0.3)
        return True

    async def leave(self):
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        with suppress(asyncio.CancelledError):
            await self.wait(2)


@sync_to_async
def cast():
    ada, mallory = make_customer(), make_customer("Mallory Vane")
    return make_ticket(ada), {name: session_of(person) for name, person in {"ada": ada, "mallory": mallory, "ines": make_user()}.items()}


@pytest.mark.parametrize("origin", ["https://evil.example", ""])
async def test_a_foreign_page_gets_no_socket(origin):
    _, sessions = await cast()
    assert await Socket(sessions["ines"], origin).connect() is False


async def test_nobody_gets_no_socket():
    assert await Socket().connect() is False


async def test_the_first_is_told_to_look_when_the_server_has_begun_to_listen():
    _, sessions = await cast()
    ines = Socket(sessions["ines"])
    await ines.connect()
    assert json.loads((await ines.receive_output(2))["text"]) == {"kind": "behind"}
    await ines.leave()


async def test_the_requester_and_agents_are_told_and_a_stranger_is_refused():
    ticket, sessions = await cast()
    sockets = {name: Socket(key) for name, key in sessions.items()}
    for each in sockets.values():
        assert await each.connect() is True
    for name in ("ada", "mallory"):
        await sockets[name].say(json.dumps({"watch": ticket.pk}))
    assert await sockets["ada"].hear() == {"kind": "watching", "number": ticket.pk}
    assert await sockets["mallory"].hear() == {"kind": "refused", "number": ticket.pk}
    await sync_to_async(lambda: ticket.reply("Choose **Add a guest**.", by=make_user("Tom Aldridge")))()
    told = {"kind": "ticket", "number": ticket.pk, "verb": "message.replied"}
    assert [await sockets["ada"].hear() for _ in range(2)] == [{"kind": "read", "number": ticket.pk}, told]  # who answers has read it
    assert await sockets["ines"].hear() == told
    assert await sockets["mallory"].hears_nothing()
    for each in sockets.values():
        await each.leave()


async def test_agents_hear_that_a_mail_waits_and_customers_do_not():
    ticket, sessions = await cast()
    sockets = {name: Socket(sessions[name]) for name in ("ada", "ines")}
    for each in sockets.values():
        assert await each.connect() is True
        await each.say(json.dumps({"watch": ticket.pk}))
        assert await each.hear() == {"kind": "watching", "number": ticket.pk}
    first = await sync_to_async(ticket.messages.earliest)("seq")
    queued = {"to": "ada@client.example", "payload": {}, "key": "k1", "at": timezone.now() + dt.timedelta(hours=1), "message": first.pk}
    await sync_to_async(lambda: Outbox.enqueue("reply_mail", **queued))()
    assert await sockets["ines"].hear() == {"kind": "delivery", "number": ticket.pk, "seq": 1}
    assert await sockets["ada"].hears_nothing()
    for each in sockets.values():
        await each.leave()


@pytest.mark.parametrize("frame", ["x" * 3_000, "{not json"])
async def test_a_frame_that_makes_no_sense_ends_the_conversation(frame):
    _, sessions = await cast()
    ines = Socket(sessions["ines"])
    await ines.connect()
    await ines.say(frame)
    assert (await ines.hear())["type"] == "websocket.close"


@pytest.mark.parametrize("frame", [{"watch": "1; DROP TABLE"}, [1], None, {"watch": None}, {"unwatch": 1}])
async def test_what_means_nothing_does_nothing(frame):
    _, sessions = await cast()
    ines = Socket(sessions["ines"])
    await ines.connect()
    await ines.say(json.dumps(frame))
    assert await ines.hears_nothing()
    await ines.leave()


@sync_to_async
def reply_without_redis(ticket, layers):
    """The change must stand and cost little when nobody answers on Redis' port."""
    layers["default"]["CONFIG"]["hosts"] = ["redis://127.0.0.1:1"]
    return ticket.reply("Still here.", by=make_user())


async def test_a_dead_redis_costs_only_the_hint(settings):
    from copy import deepcopy

    from channels.layers import channel_layers

    ticket, _ = await cast()
    settings.CHANNEL_LAYERS = deepcopy(settings.CHANNEL_LAYERS)
    channel_layers.backends.clear()
    message = await reply_without_redis(ticket, settings.CHANNEL_LAYERS)
    channel_layers.backends.clear()
    assert await sync_to_async(lambda: ticket.messages.filter(pk=message.pk).exists())()
    await sync_to_async(live.hint)(live.AGENTS, {"kind": "nothing"})


@sync_to_async
def two_agents():
    ada, ines, tom = make_customer(), make_user(), make_user("Tom Aldridge")
    ticket = make_ticket(ada, handler="team")
    return ticket, ines, tom, {each.first_name: session_of(each) for each in (ada, ines, tom)}


async def test_agents_see_who_reads_and_who_writes_and_the_customer_only_replies():
    ticket, ines, tom, sessions = await two_agents()
    sockets = {name: Socket(key) for name, key in sessions.items()}
    for each in sockets.values():
        await each.connect()
    await sockets["Ada"].say(json.dumps({"watch": ticket.pk}))
    await sockets["Ada"].hear()
    await sockets["Ines"].say(json.dumps({"view": ticket.pk}))
    assert (await sockets["Ines"].hear())["user"] == ines.pk  # as every screen of theirs hears it
    await sockets["Tom"].say(json.dumps({"view": ticket.pk}))
    seen = {"kind": "presence", "number": ticket.pk, "doing": "looking", "is_new": True}
    assert await sockets["Ines"].hear() == {**seen, "user": tom.pk, "name": "Tom", "initials": "TA", "hue": tom.hue}
    await sockets["Tom"].say(json.dumps({"typing": ticket.pk, "note": True}))
    typed = {"kind": "typing", "number": ticket.pk, "name": "Tom"}
    assert await sockets["Ines"].hear() == {**typed, "user": tom.pk, "note": True}
    assert await sockets["Ada"].hears_nothing()  # a note is nobody's business outside
    await sockets["Tom"].say(json.dumps({"view": 0}))
    assert (await sockets["Ines"].hear())["doing"] == "gone"
    await sockets["Ines"].say(json.dumps({"typing": ticket.pk, "note": False}))
    assert await sockets["Ada"].hear() == {"kind": "typing", "number": ticket.pk, "name": "Ines"}
    for each in sockets.values():
        await each.leave()


async def test_a_desk_that_is_left_is_empty_at_once():
    ticket, ines, tom, sessions = await two_agents()
    at_desk, leaving = Socket(sessions["Ines"]), Socket(sessions["Tom"])
    for each in (at_desk, leaving):
        await each.connect()
        await each.say(json.dumps({"view": ticket.pk}))
    await at_desk.hear()
    assert (await at_desk.hear())["user"] == tom.pk
    await leaving.leave()
    assert (await at_desk.hear())["doing"] == "gone"
    await at_desk.leave()


async def test_customers_and_those_who_may_not_see_it_hear_of_nobody():
    ticket, ines, tom, sessions = await two_agents()
    await sync_to_async(close)(ticket, tom)
    ada, outsider, insider = (Socket(sessions[name]) for name in ("Ada", "Ines", "Tom"))
    for each in (ada, outsider, insider):
        await each.connect()
        await each.say(json.dumps({"view": ticket.pk}))
        await each.say(json.dumps({"typing": ticket.pk}))
    assert (await insider.hear())["user"] == tom.pk
    assert await ada.hears_nothing()
    assert await outsider.hears_nothing()
    for each in (ada, outsider, insider):
        await each.leave()


def close(ticket, member):
    ticket.team = make_team("Legal", is_private=True)
    ticket.team.members.add(member)
    ticket.save()
