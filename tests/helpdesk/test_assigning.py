"""Tickets of a team go to its people: in turn or by load, only to who is here and has room, once each."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from helpdesk import assigning
from helpdesk.models import AgentSettings, Event, Team, Ticket, User
from tests.factories import make_team, make_ticket, make_user

pytestmark = pytest.mark.django_db
NAMES = ["Ines Carvalho", "Tom Aldridge", "Keiko Tanaka"]


@pytest.fixture
def team():
    people = [make_user(name) for name in NAMES]
    team = make_team("Technical", gives_out="in_turn", most_each=3)
    team.members.set(people)
    User.objects.update(seen_at=timezone.now())
    team.people = people
    return team


def test_in_turn(team):
    for n in range(4):
        ticket = make_ticket(body=f"Question {n}", handler="team", team=team)
        assigning.when_it_comes(ticket.events.get(verb="ticket.opened"))
    given = list(Ticket.objects.order_by("pk").values_list("assignee__name", flat=True))
    assert given == [*NAMES, NAMES[0]]
    event = Event.objects.filter(verb="ticket.assigned").first()
    assert (event.actor_kind, event.user) == ("system", None)


def test_whoever_takes_everybody_off_a_ticket_means_it(team):
    ticket = make_ticket(handler="team", team=team)
    ticket.assign(to=team.people[0], team=team, by=team.people[1])
    ticket.assign(by=team.people[1])
    assigning.when_it_comes(ticket.events.last())
    ticket.refresh_from_db()
    assert ticket.assignee is None


def test_to_whoever_has_fewest_open_and_never_more_than_each_may_have(team):
    ines, tom, keiko = team.people
    Team.objects.filter(pk=team.pk).update(gives_out="least")
    for _ in range(2):
        make_ticket(handler="team").assign(to=ines, by=ines)
    make_ticket(handler="team").assign(to=tom, by=tom)
    for _ in range(9):
        make_ticket(handler="team", team=team)
    assert assigning.give_waiting() == 6
    load = {person.first_name: Ticket.objects.open().filter(assignee=person).count() for person in team.people}
    assert load == {"Ines": 3, "Tom": 3, "Keiko": 3}
    Ticket.objects.open().filter(assignee=keiko).first().resolve(by=keiko)
    assert (assigning.give_waiting(), Ticket.objects.filter(assignee=keiko).count()) == (1, 4)


def test_nobody_who_is_away_gone_or_let_go_gets_any(team):
    ines, tom, keiko = team.people
    AgentSettings.objects.create(user=ines, away_since=timezone.now())
    User.objects.filter(pk=tom.pk).update(seen_at=timezone.now() - dt.timedelta(minutes=3))
    keiko.is_active = False
    keiko.save()
    make_ticket(handler="team", team=team)
    assert assigning.give_waiting() == 0
    AgentSettings.objects.filter(user=ines).update(away_since=None)
    assert assigning.give_waiting() == 1


def test_what_is_somebodys_or_the_assistants_or_of_no_team_is_left_alone(team):
    ines = team.people[0]
    mine, assistants, nobodys = make_ticket(handler="team", team=team), make_ticket(team=team), make_ticket(handler="team")
    mine.assign(to=ines, team=team, by=ines)
    assert [assigning.give(ticket) for ticket in (mine, assistants, nobodys)] == [None, None, None]
    Team.objects.update(gives_out="not")
    assert assigning.give(make_ticket(handler="team", team=Team.objects.get())) is None


def test_whoever_waits_longest_comes_first(team):
    now = timezone.now()
    Team.objects.update(most_each=1)
    young, old = (make_ticket(handler="team", team=team, at=now - dt.timedelta(minutes=minutes)) for minutes in (1, 60))
    others = [make_ticket(handler="team", team=team, at=now - dt.timedelta(minutes=30 + n)) for n in range(2)]
    assigning.give_waiting()
    given = set(Ticket.objects.exclude(assignee=None).values_list("pk", flat=True))
    assert given == {old.pk, *(other.pk for other in others)}
    assert young.pk not in given


@pytest.mark.django_db(transaction=True)
def test_many_at_once_keep_to_the_limit():
    people = [make_user(name) for name in NAMES]
    team = make_team("Technical", gives_out="least", most_each=2)
    team.members.set(people)
    User.objects.update(seen_at=timezone.now())
    tickets = [make_ticket(handler="team", team=team) for _ in range(9)]

    def work(ticket):
        assigning.give(Ticket.objects.select_related("team").get(pk=ticket.pk))
        connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, tickets))
    assert sorted(Ticket.objects.filter(assignee=person).count() for person in people) == [2, 2, 2]


def test_an_agent_sets_themselves_away_and_comes_back(client, team):
    ines = team.people[0]
    client.force_login(ines)
    client.post("/inbox/away/")
    assert AgentSettings.objects.get(user=ines).away_since
    assert "You are away since" in client.get("/inbox/settings/").content.decode()
    client.delete("/inbox/away/")
    assert AgentSettings.objects.get(user=ines).away_since is None
