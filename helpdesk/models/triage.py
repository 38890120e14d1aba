"""Whose ticket it is and when it is looked at again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, cast

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from helpdesk.models.events import SYSTEM, Event
from helpdesk.models.people import Customer, Team, User
from helpdesk.models.views import Tag
from helpdesk.models.views import slug_of_tag as _slug
from helpdesk.signals import agent_read

if TYPE_CHECKING:
    from helpdesk.models.tickets import Ticket


class Triage:
    """Mixed into Ticket."""

    def assign(self, *, to: User | None = None, team: Team | None = None, by: User | None = None, at: dt.datetime | None = None) -> bool:
        """To a person, a team, both, or (with neither) to nobody. A person takes it over from the assistant."""
        ticket, at = _ticket(self), at or timezone.now()
        with ticket.locked():
            new_team = team or (ticket.team if to else None)
            if (ticket.assignee_id, ticket.team_id) == (to.pk if to else None, new_team.pk if new_team else None):
                return False
            ticket.assignee, ticket.team = to, new_team
            if to or team:
                ticket.handler = ticket.Handler.TEAM
            ticket.touch(at, also=["assignee", "team", "handler"])
            Event.record(
                "ticket.assigned",
                by=by or SYSTEM,
                ticket=ticket,
                at=at,
                to=to.pk if to else None,
                team=new_team.pk if new_team else None,
            )
        return True

    def take_over(self, *, by: User, at: dt.datetime | None = None) -> bool:
        """From the assistant, or from a colleague, in the middle of a conversation: from now on this person answers."""
        ticket, at = _ticket(self), at or timezone.now()
        with ticket.locked():
            if ticket.handler == ticket.Handler.TEAM and ticket.assignee_id == by.pk:
                return False
            if ticket.last_author == "customer":
                ticket.waiting_since = ticket.waiting_since or ticket.last_message_at
            was_held, ticket.handler, ticket.assignee = ticket.is_with_assistant, ticket.Handler.TEAM, by
            ticket.touch(at, also=["handler", "assignee", "waiting_since"])
            Event.record("ticket.taken_over", by=by, ticket=ticket, at=at, held=was_held)
        return True

    def hand_back(self, *, by: User, at: dt.datetime | None = None) -> bool:
        """To the assistant. What the customer has said last, and nobody has answered, it answers."""
        ticket, at = _ticket(self), at or timezone.now()
        with ticket.locked():
            if ticket.is_with_assistant or ticket.state in {ticket.State.RESOLVED, ticket.State.SPAM}:
                return False
            ticket.handler, ticket.assignee, ticket.state = ticket.Handler.ASSISTANT, None, ticket.State.OPEN
            ticket.asked_for_person = ticket.has_draft = False
            ticket.snoozed_until = None
            ticket.touch(at, also=["handler", "assignee", "state", "asked_for_person", "has_draft", "snoozed_until"])
            Event.record("ticket.handed_back", by=by, ticket=ticket, at=at)
        return True

    def tag(self, *, add: Iterable[str] = (), remove: Iterable[str] = (), by: User | None = None, at: dt.datetime | None = None) -> bool:
        ticket, at = _ticket(self), at or timezone.now()
        dropped = {_slug(tag) for tag in remove}
        with ticket.locked():
            tags = list(dict.fromkeys(tag for tag in [*ticket.tags, *map(_slug, add)] if tag and tag not in dropped))
            if tags == ticket.tags:
                return False
            Tag.know([tag for tag in tags if tag not in ticket.tags])
            ticket.tags = tags
            ticket.save(update_fields=["tags"])
            Event.record("ticket.tagged", by=by or SYSTEM, ticket=ticket, at=at, tags=tags)
        return True

    def prioritise(self, priority: str, *, by: User | None = None, at: dt.datetime | None = None) -> bool:
        ticket, at = _ticket(self), at or timezone.now()
        if priority not in ticket.Priority.values:
            raise ValueError(f"There is no priority {priority!r}.")
        with ticket.locked():
            if ticket.priority == priority:
                return False
            ticket.priority = priority
            ticket.save(update_fields=["priority"])
            Event.record("ticket.prioritised", by=by or SYSTEM, ticket=ticket, at=at, priority=priority)
        return True

    def wait(self, *, by: User, at: dt.datetime | None = None) -> bool:
        """Until the customer writes."""
        return self._set_state("waiting", verb="ticket.waiting", by=by, at=at)

    def snooze(self, *, until: dt.datetime, by: User, at: dt.datetime | None = None) -> bool:
        return self._set_state("snoozed", verb="ticket.snoozed", by=by, at=at, until=until)

    def wake(self, *, at: dt.datetime | None = None) -> bool:
        """The time it was snoozed to has come."""
        ticket = _ticket(self)
        return ticket.state == ticket.State.SNOOZED and self._set_state("open", verb="ticket.woken", by=None, at=at)

    def mark_spam(self, *, by: User, at: dt.datetime | None = None) -> bool:
        return self._set_state("spam", verb="ticket.spam", by=by, at=at)

    def _set_state(self, state: str, *, verb: str, by: User | None, at: dt.datetime | None, until: dt.datetime | None = None) -> bool:
        ticket, at = _ticket(self), at or timezone.now()
        with ticket.locked():
            if (ticket.state, ticket.snoozed_until) == (state, until) or ticket.merged_into_id:
                return False
            if ticket.is_resolved and state != ticket.State.SPAM:  # it is not solved any more, and whoever counts that must know
                ticket.reopen(by=by, at=at)
            ticket.state, ticket.snoozed_until = state, until
            if state == ticket.State.WAITING:  # for them now, no longer for us
                ticket.waiting_since = None
            ticket.touch(at, also=["state", "snoozed_until", "waiting_since"])
            Event.record(verb, by=by or SYSTEM, ticket=ticket, at=at, **({"until": until.isoformat()} if until else {}))
        return True

    def mark_read(self, reader: User | Customer) -> None:
        """Up to the newest message; reading never goes backwards."""
        from helpdesk.models.tickets import ReadMark

        ticket = _ticket(self)
        if isinstance(reader, Customer):
            type(ticket).objects.filter(pk=ticket.pk).update(customer_read_seq=Greatest(F("customer_read_seq"), ticket.last_seq))
            return
        if ReadMark.advance(reader, ticket):
            transaction.on_commit(partial(agent_read.send_robust, sender=type(ticket), reader_id=reader.pk, number=ticket.pk))


def _ticket(mixin: object) -> Ticket:
    return cast("Ticket", mixin)
