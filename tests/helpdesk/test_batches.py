"""The same done to many tickets, once each, and taken back exactly."""

import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from helpdesk.models import Batch, Event, Resolution, Ticket
from tests.factories import make_team, make_ticket, make_user

pytestmark = pytest.mark.django_db
COLUMNS = [
    "state",
    "handler",
    "assignee",
    "team",
    "priority",
    "tags",
    "has_draft",
    "updated_at",
    "resolved_at",
    "snoozed_until",
    "waiting_since",
]


@pytest.fixture
def ines(client):
    agent = make_user()
    client.force_login(agent)
    return agent


def desk(count=6):
    return [make_ticket(body=f"Question {n}", handler="team", tags=["old"]) for n in range(count)]


def columns(tickets):
    return list(Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets]).order_by("pk").values_list(*COLUMNS))


def post(client, **data):
    client.post("/inbox/batches/", data)
    return Batch.objects.first()


ACTIONS = [
    {"action": "resolve"},
    {"action": "assign", "to": "me"},
    {"action": "tag", "tag": "Sales call"},
    {"action": "untag", "tag": "old"},
    {"action": "priority", "priority": "urgent"},
    {"action": "snooze", "until": "tomorrow"},
    {"action": "spam"},
]


@pytest.mark.parametrize("asked", ACTIONS, ids=lambda asked: asked["action"])
def test_each_changes_what_was_picked_with_one_event_and_undo_restores_exactly(client, ines, asked):
    tickets = desk()
    Ticket.objects.filter(pk=tickets[0].pk).update(has_draft=True, waiting_since=timezone.now() - dt.timedelta(days=2))
    before, events = columns(tickets), Event.objects.count()
    batch = post(client, tickets=[ticket.pk for ticket in tickets[:4]], **asked)
    batch.run()
    batch.run()  # it may run twice
    after = columns(tickets)
    assert all(old != new for old, new in zip(before[:4], after[:4], strict=True))
    assert after[4:] == before[4:]
    assert Event.objects.count() == events + 4
    client.delete(f"/inbox/batches/{batch.pk}/")
    batch.refresh_from_db()
    batch.run()
    assert columns(tickets) == before
    assert Event.objects.count() == events + 8
    assert not Resolution.objects.filter(reversed_at=None).exists()


def test_all_that_match_are_more_than_are_shown(client, ines, monkeypatch):
    tickets = desk(45)
    make_ticket(body="Another matter", handler="team")
    offered = client.get("/inbox/all/selection/?count&q=Question", headers={"HX-Request": "true", "HX-Target": "bulk"}).content.decode()
    assert "Select all 45 matching" in offered
    batch = post(client, all=1, view="all", q="Question", action="resolve")
    batch.run()
    assert (batch.total, Ticket.objects.filter(state="resolved").count()) == (45, 45)
    assert Event.objects.filter(verb="ticket.resolved", ticket__in=tickets).count() == 45


def test_what_was_so_already_is_not_done_again_and_stays_when_taken_back(client, ines):
    tickets = desk(3)
    tickets[0].resolve(by=ines)
    batch = post(client, tickets=[ticket.pk for ticket in tickets], action="resolve")
    batch.run()
    assert batch.figures() == {"waiting": 0, "done": 2, "same": 1, "undone": 0, "kept": 0}
    batch.ask_undo()
    batch.run()
    assert [Ticket.objects.get(pk=ticket.pk).state for ticket in tickets] == ["resolved", "open", "open"]


def test_what_somebody_changed_since_is_left_alone(client, ines):
    tickets = desk(2)
    batch = post(client, tickets=[ticket.pk for ticket in tickets], action="tag", tag="new")
    batch.run()
    tickets[0].resolve(by=make_user("Tom Aldridge"))
    batch.ask_undo()
    batch.run()
    assert batch.figures()["kept"] == 1
    assert [Ticket.objects.get(pk=ticket.pk).tags for ticket in tickets] == [["old", "new"], ["old"]]
    assert "1 stays: somebody has changed it since" in re.sub(r"\s+", " ", client.get(f"/inbox/batches/{batch.pk}/").content.decode())


def test_stopping_in_the_middle_takes_back_what_was_done(client, ines):
    tickets = desk(4)
    before = columns(tickets)
    batch = post(client, tickets=[ticket.pk for ticket in tickets], action="resolve")
    batch._one()
    batch._one()
    batch.ask_undo()
    batch.run()
    assert columns(tickets) == before
    assert batch.figures() == {"waiting": 2, "done": 0, "same": 0, "undone": 2, "kept": 0}
    assert batch.finished_at is not None


def test_nobody_acts_on_what_they_may_not_see_nor_gives_it_to_who_may_not(client, ines):
    legal = make_team("Legal", is_private=True)
    hidden = make_ticket(handler="team", team=legal)
    assert post(client, tickets=[hidden.pk], action="resolve").total == 0
    rosa = make_user("Rosa Weber")
    ines.teams.add(legal)
    batch = post(client, tickets=[hidden.pk], action="assign", to=f"user-{rosa.pk}")
    batch.run()
    hidden.refresh_from_db()
    assert (hidden.assignee, hidden.state) == (None, "open")
    client.force_login(make_user("Tom Aldridge"))
    assert client.get(f"/inbox/batches/{batch.pk}/").status_code == 404


@pytest.mark.parametrize(
    "asked",
    [{}, {"action": "drop"}, {"action": "tag", "tag": " "}, {"action": "priority", "priority": "x"}, {"action": "assign", "to": "user-0"}],
)
def test_what_makes_no_sense_is_said_and_nothing_is_begun(client, ines, asked):
    ticket = desk(1)[0]
    response = client.post("/inbox/batches/", {"tickets": ticket.pk, **asked}, headers={"HX-Request": "true"})
    assert (response.status_code, "failed" in response["HX-Trigger"], Batch.objects.count()) == (422, True, 0)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_do_each_ticket_once():
    ines = make_user()
    tickets = desk(12)
    batch = Batch.begin("resolve", Ticket.objects.all(), by=ines, words="Resolve")

    def work(_):
        Batch.objects.get(pk=batch.pk).run()
        connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
    assert Event.objects.filter(verb="ticket.resolved").count() == len(tickets)
    assert Resolution.objects.count() == len(tickets)


def test_a_private_teams_ticket_of_a_former_colleague_is_skipped(ines):
    legal = make_team("Legal", is_private=True)
    ines.teams.add(legal)
    ticket = make_ticket(handler="team", team=legal)
    batch = Batch.begin("resolve", Ticket.objects.all(), by=ines, words="Resolve")
    ines.teams.remove(legal)
    Batch.objects.get(pk=batch.pk).run()
    ticket.refresh_from_db()
    assert ticket.state == "open"
