"""The widget's socket: copies for those whose conversation it is, found again when hints are lost, and closed when a visit is over."""

import json

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from helpdesk import consumers, hub, intake, live
from helpdesk.models import Site, Ticket, Visit
from tests.factories import make_customer, make_user
from tests.helpdesk.test_live import Socket, session_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]

SECONDS = 3


@pytest.fixture(autouse=True)
def quick_beats(monkeypatch):
    monkeypatch.setattr(hub, "BEAT", 0.1)


@sync_to_async
def cast():
    site = Site.objects.create(name="Fieldnote app", origins=["https://app.example"])
    found = {}
    for name, customer in {"ada": make_customer(), "mallory": make_customer("Mallory Vane")}.items():
        visit, _ = Visit.begin(site, customer, at=timezone.now())
        ticket = intake.open_ticket(customer=customer, body="How do I invite a guest?", channel=Ticket.Channel.CHAT)
        ticket.hand_off(reason="test")
        found[name] = (visit, ticket)
    return found


def line(origin="http://localhost", path="/ws/widget/"):
    socket = Socket(origin=origin)
    socket.scope["path"] = path
    return socket


async def following(visit, number, after=0):
    socket = line()
    assert await socket.connect()
    await socket.say(json.dumps({"visit": visit.token()}))
    assert (await socket.hear())["kind"] == "welcome"
    await socket.say(json.dumps({"watch": number, "after": after}))
    return socket


async def heard(socket, kind):
    """The next of this kind; others may come between."""
    while (frame := await socket.frame()).get("kind") != kind:
        assert frame.get("type") != "websocket.close"
    return frame


async def closed_with(socket):
    for _ in range(20):
        frame = await socket.hear()
        if frame.get("type") == "websocket.close":
            return frame["code"]
    raise AssertionError("still open")


async def test_a_foreign_page_gets_no_line():
    assert await line("https://evil.example").connect() is False


@pytest.mark.parametrize("token", ["", "forged:1:x", "a" * 1_900])
async def test_a_token_that_is_none_ends_it(token):
    socket = line()
    await socket.connect()
    await socket.say(json.dumps({"visit": token}))
    assert await closed_with(socket) == 4401


async def test_whoever_says_nothing_of_themselves_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(consumers, "INTRODUCTION", 0.1)
    socket = line()
    await socket.connect()
    assert await closed_with(socket) == 4401


async def test_before_the_introduction_nothing_is_told():
    people = await cast()
    socket = line()
    await socket.connect()
    await socket.say(json.dumps({"watch": people["ada"][1].pk}))
    assert await closed_with(socket) == 4401


async def test_a_reply_comes_over_the_line_and_a_note_does_not():
    visit, ticket = (await cast())["ada"]
    socket = await following(visit, ticket.pk)
    first = await heard(socket, "conversation")
    assert first["messages"][0]["author"] == "customer"
    ines = await sync_to_async(make_user)()
    await sync_to_async(lambda: ticket.note("She is on the old plan.", by=ines))()
    await sync_to_async(lambda: ticket.reply("Choose **Add a guest**.", by=ines))()
    said = []
    while not said:
        frame = await heard(socket, "conversation")
        said = frame["messages"]
        assert frame["after"] <= frame["last"]
    assert [message["name"] for message in said] == [ines.name] and "old plan" not in json.dumps(frame)
    await socket.leave()


@pytest.mark.parametrize("whose", ["ada", "mallory"])
async def test_whoever_comes_back_names_the_conversation_at_once(whose):
    people = await cast()
    socket = line()
    await socket.connect()
    await socket.say(json.dumps({"visit": people["ada"][0].token(), "watch": people[whose][1].pk, "after": 1}))
    assert (await socket.hear())["kind"] == "welcome"
    if whose == "mallory":
        assert (await heard(socket, "refused"))["number"] == people["mallory"][1].pk
    else:
        told = await heard(socket, "conversation")
        assert all(message["seq"] > 1 for message in told["messages"])
        ines = await sync_to_async(make_user)()
        await sync_to_async(lambda: people["ada"][1].reply("Choose **Add a guest**.", by=ines))()
        while not any(message["author"] == "agent" for message in (await heard(socket, "conversation"))["messages"]):
            pass
    await socket.leave()


async def test_who_wrote_hears_that_it_was_read():
    visit, ticket = (await cast())["ada"]
    await sync_to_async(lambda: ticket.say("Is anybody there?", customer=ticket.customer))()
    socket = await following(visit, ticket.pk)
    assert (await heard(socket, "conversation"))["receipt"] == "Sent"
    ines = await sync_to_async(make_user)()
    await sync_to_async(lambda: Ticket.objects.get(pk=ticket.pk).mark_read(ines))()
    while (await heard(socket, "conversation"))["receipt"] != f"Read by {ines.first_name}":
        pass
    await socket.leave()


async def test_what_somebody_else_asked_is_refused():
    people = await cast()
    socket = await following(people["mallory"][0], people["ada"][1].pk)
    assert await socket.hear() == {"kind": "refused", "number": people["ada"][1].pk}
    ines = await sync_to_async(make_user)()
    await sync_to_async(lambda: people["ada"][1].reply("Only for Ada.", by=ines))()
    assert await socket.receive_nothing(0.5)
    await socket.leave()


async def test_it_goes_on_where_the_reader_left_off():
    visit, ticket = (await cast())["ada"]
    ines = await sync_to_async(make_user)()
    for text in ("One.", "Two."):
        await sync_to_async(lambda text=text: ticket.reply(text, by=ines))()
    socket = await following(visit, ticket.pk, after=ticket.last_seq - 1)
    assert ["Two." in each["html"] for each in (await heard(socket, "conversation"))["messages"]] == [True]
    await socket.leave()


async def test_a_lost_hint_costs_a_beat_and_no_message(monkeypatch):
    visit, ticket = (await cast())["ada"]
    socket = await following(visit, ticket.pk)
    await heard(socket, "conversation")
    ines = await sync_to_async(make_user)()
    monkeypatch.setattr(live, "hint", lambda *_: None)
    await sync_to_async(lambda: ticket.reply("Nobody was told of this.", by=ines))()
    assert "Nobody was told" in (await heard(socket, "conversation"))["messages"][0]["html"]
    await socket.leave()


async def test_when_the_layer_is_deaf_agents_are_told_to_look_themselves(monkeypatch):
    monkeypatch.setattr(hub, "DEAF_AFTER", -1)
    ines = Socket(await sync_to_async(lambda: session_of(make_user()))())
    assert await ines.connect()
    assert (await heard(ines, "behind"))["kind"] == "behind"
    await ines.leave()


async def test_a_visit_that_is_over_loses_its_line():
    visit, ticket = (await cast())["ada"]
    socket = await following(visit, ticket.pk)
    await sync_to_async(lambda: visit.end(timezone.now()))()
    assert await closed_with(socket) == 4401


@pytest.mark.parametrize("fall", ["signed out", "let go", "new password"])
async def test_an_agent_who_may_not_stay_loses_theirs(fall):
    ines = await sync_to_async(make_user)()
    key = await sync_to_async(session_of)(ines)
    socket = Socket(key)
    assert await socket.connect()

    def happens():
        from django.contrib.sessions.models import Session

        if fall == "signed out":
            Session.objects.filter(session_key=key).delete()
        elif fall == "let go":
            type(ines).objects.filter(pk=ines.pk).update(is_active=False)
        else:
            ines.set_password("another-correct-horse")
            ines.save()

    await sync_to_async(happens)()
    assert await closed_with(socket) == 4401


async def test_typing_is_shown_to_the_other_side_and_what_is_typed_to_agents_only():
    people = await cast()
    visit, ticket = people["ada"]
    socket, ines = await following(visit, ticket.pk), Socket(await sync_to_async(lambda: session_of(make_user()))())
    await heard(socket, "conversation")
    await ines.connect()
    await ines.say(json.dumps({"watch": ticket.pk}))
    await heard(ines, "watching")
    await socket.say(json.dumps({"typing": ticket.pk, "text": "I cannot find\nthe button"}))
    told = await heard(ines, "typing")
    assert (told["name"], told["text"]) == ("Ada", "I cannot find the button")
    await ines.say(json.dumps({"typing": ticket.pk}))
    told = await heard(socket, "typing")
    assert (told["name"], "text" in told, "user" in told) == ("Ines", False, False)
    await socket.leave()
    await ines.leave()


async def test_an_answer_is_seen_while_it_is_being_written():
    visit, ticket = (await cast())["ada"]
    socket = await following(visit, ticket.pk)
    await heard(socket, "conversation")
    live.hint(live.ticket_group(ticket.pk), {"kind": "stream", "number": ticket.pk, "text": "Choose **Add"})
    assert (await heard(socket, "stream"))["text"] == "Choose **Add"
    await socket.leave()


async def test_agents_see_who_comes_goes_and_moves_on():
    visit, ticket = (await cast())["ada"]
    ines = Socket(await sync_to_async(lambda: session_of(make_user()))())
    await ines.connect()
    await ines.say(json.dumps({"watch": ticket.pk}))
    await heard(ines, "watching")
    socket = await following(visit, ticket.pk)
    assert (await heard(ines, "presence"))["here"]
    await socket.say(json.dumps({"page": "/permits/12"}))
    assert (await heard(ines, "presence"))["page"] == "/permits/12"
    await socket.leave()
    assert not (await heard(ines, "presence"))["here"]
    await ines.leave()


async def test_where_they_are_now_is_kept_without_what_follows_the_question_mark():
    visit, ticket = (await cast())["ada"]
    socket = await following(visit, ticket.pk)
    await heard(socket, "conversation")
    await socket.say(json.dumps({"page": "/permits/12?token=secret"}))
    await socket.say(json.dumps({"watch": ticket.pk}))  # answered after it
    await heard(socket, "conversation")
    assert await sync_to_async(lambda: Visit.objects.get(pk=visit.pk).page)() == "/permits/12"
    await socket.leave()


async def test_a_page_that_never_stops_talking_is_cut_off():
    visit, ticket = (await cast())["ada"]
    socket = await following(visit, ticket.pk)
    for _ in range(consumers.FRAMES):
        await socket.say("{}")
    assert await closed_with(socket) == 1008


async def test_a_frame_of_two_megabytes_is_not_read():
    socket = line()
    await socket.connect()
    await socket.say("x" * 2_097_152)
    assert await closed_with(socket) == 1009


async def test_what_waits_for_a_slow_reader_is_bounded():
    sent = []

    class Slow(consumers.Line):
        async def send(self, text_data):
            sent.append(text_data)

    slow = Slow()
    slow._waiting, slow._ready = consumers.deque(), consumers.asyncio.Event()
    for number in range(10_000):
        slow.tell(kind="hint", number=number)
        assert len(slow._waiting) <= consumers.ROOM
    assert '{"kind": "behind"}' in slow._waiting
