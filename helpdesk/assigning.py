"""Who gets a ticket that came to a team: in turn, or whoever has least to do, among those who are here and have room."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from helpdesk.events import consumer
from helpdesk.models import Event, Team, Ticket, User

HERE_FOR = dt.timedelta(minutes=2)  # since a screen of theirs was last seen open
AT_ONCE = 50  # tickets of one team that a look at what waits gives out


@consumer("assigning", {"ticket.opened", "ticket.handed_off", "ticket.assigned", "ticket.reopened", "ticket.woken", "message.said"})
def when_it_comes(event: Event) -> None:
    """Not where an agent has just taken everybody off it on purpose."""
    if event.user_id is None or (event.verb == "ticket.assigned" and event.data.get("team")):
        ticket = Ticket.objects.select_related("team").filter(pk=event.ticket_id or 0).first()
        if ticket is not None:
            give(ticket)


def give(ticket: Ticket, *, at: dt.datetime | None = None) -> User | None:
    """To a person of its team, where that team wants it so and nobody has it."""
    at = at or timezone.now()
    with transaction.atomic():
        if ticket.team is None or ticket.team.gives_out == Team.GivesOut.NOT:
            return None
        team = Team.objects.select_for_update().get(pk=ticket.team.pk)  # two tickets at once see each other's load
        ticket.refresh_from_db(fields=["state", "handler", "assignee", "team"])
        if ticket.assignee_id or ticket.team_id != team.pk or ticket.state != Ticket.State.OPEN or ticket.is_with_assistant:
            return None
        chosen = choose(team, at=at)
        if chosen is not None:
            ticket.assign(to=chosen, team=team, by=None, at=at)
            team.last_given_to = chosen
            team.save(update_fields=["last_given_to"])
        return chosen


def choose(team: Team, *, at: dt.datetime) -> User | None:
    open_ones = Count("tickets", filter=Q(tickets__state=Ticket.State.OPEN))
    here = (
        team.members.filter(is_active=True, seen_at__gt=at - HERE_FOR, settings__away_since=None)
        .annotate(load=open_ones)
        .filter(load__lt=team.most_each)
        .order_by("pk")
    )
    people = list(here)
    if not people:
        return None
    last = team.last_given_to_id or 0
    in_turn = sorted(people, key=lambda person: (person.pk <= last, person.pk))
    if team.gives_out == Team.GivesOut.IN_TURN:
        return in_turn[0]
    return min(in_turn, key=lambda person: person.load)


def give_waiting(*, at: dt.datetime | None = None) -> int:
    """What came while nobody was here, or nobody had room: who waits longest comes first."""
    given = 0
    for team in Team.objects.exclude(gives_out=Team.GivesOut.NOT):
        waiting = Ticket.objects.open().with_team().filter(team=team, assignee=None)
        for ticket in waiting.select_related("team").order_by(F("waiting_since").asc(nulls_last=True), "pk")[:AT_ONCE]:
            if give(ticket, at=at) is None:
                break
            given += 1
    return given
