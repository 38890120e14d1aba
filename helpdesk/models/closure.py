"""How a ticket ends and begins again. What the customer says of an answer is kept apart from what agents and time say."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import ValidationError
from django.utils import timezone

from helpdesk import formatting
from helpdesk.models.events import SYSTEM, Actor, Event
from helpdesk.models.people import Customer, User

if TYPE_CHECKING:
    from helpdesk.models.messages import Message
    from helpdesk.models.ratings import Rating
    from helpdesk.models.tickets import Resolution, Ticket


class Closure:
    """Mixed into Ticket."""

    def solved(self, *, customer: Customer, at: dt.datetime | None = None) -> Resolution | None:
        """“That solved it.”"""
        return self._close("confirmed", by=customer, verb="ticket.solved", at=at)

    def resolve(self, *, by: User | None = None, how: str = "by_agent", at: dt.datetime | None = None) -> Resolution | None:
        """An agent closes it, or time does (`how` = assumed or abandoned). Resolving twice is resolving once."""
        return self._close(how, by=by or SYSTEM, verb="ticket.resolved", at=at)

    def _close(self, kind: str, *, by: Actor, verb: str, at: dt.datetime | None) -> Resolution | None:
        from helpdesk.models.held import say_at_once
        from helpdesk.models.tickets import Resolution

        ticket, at = _ticket(self), at or timezone.now()
        if kind not in Resolution.Kind.values:
            raise ValueError(f"A ticket cannot be resolved as {kind!r}.")
        with ticket.locked():
            if isinstance(by, User):
                say_at_once(ticket, at=at)
            confirms = kind == Resolution.Kind.CONFIRMED and not ticket.resolutions.filter(kind=kind, reversed_at=None).exists()
            if ticket.merged_into_id or (ticket.state == ticket.State.RESOLVED and not confirms):
                return None
            answer = self._last_answer()
            resolution = Resolution.objects.create(ticket=ticket, kind=kind, by=by if isinstance(by, User) else None, message=answer, at=at)
            ticket.state, ticket.resolved_at = ticket.State.RESOLVED, at
            ticket.waiting_since = ticket.snoozed_until = None
            ticket.has_draft = False
            ticket.touch(at, also=["state", "resolved_at", "waiting_since", "snoozed_until", "has_draft"])
            Event.record(
                verb,
                by=by,
                ticket=ticket,
                at=at,
                how=kind,
                message=answer.pk if answer else None,
                decision=answer.meta.get("decision") if answer else None,
            )
        return resolution

    def not_quite(
        self, *, customer: Customer, comment: str = "", instead: dict[str, Any] | None = None, at: dt.datetime | None = None
    ) -> Message | None:
        """The answer missed. What they add is said as a message, so that it is answered like one; so is what they pick `instead`."""
        ticket, at = _ticket(self), at or timezone.now()
        with ticket.locked():
            answer = self._last_answer()
            Event.record(
                "ticket.not_quite",
                by=customer,
                ticket=ticket,
                at=at,
                message=answer.pk if answer else None,
                decision=answer.meta.get("decision") if answer else None,
                commented=bool(comment.strip()),
                **({"instead": instead["source"]} if instead else {}),
            )
            if instead:
                meta = {"option": instead["source"], "instead_of": answer.seq if answer else 0}
                return ticket.say(str(instead["title"]), customer=customer, meta=meta, at=at)
            if comment.strip():
                return ticket.say(comment, customer=customer, at=at)
            ticket.hand_off(reason="not_quite", body=self._passed_on(at), at=at)
        return None

    def miss_guide(self, target: str, *, customer: Customer, answer: int, at: dt.datetime | None = None) -> bool:
        """What the answer points to is not on the page they see. Once for each answer and thing, and only of what that answer does point to."""
        ticket, at = _ticket(self), at or timezone.now()
        with ticket.locked():
            said = ticket.messages.public().filter(seq=answer, author="assistant").first()
            if said is None or target not in formatting.targets(said.body):
                return False
            told = {"message": said.pk, "target": target}
            if ticket.events.filter(verb="ticket.guide_missed", data__contains=told).exists():
                return False
            Event.record("ticket.guide_missed", by=customer, ticket=ticket, at=at, decision=said.meta.get("decision"), **told)
        return True

    def ask_for_person(self, *, customer: Customer, comment: str = "", at: dt.datetime | None = None) -> None:
        """Nobody has to argue with the assistant."""
        ticket, at = _ticket(self), at or timezone.now()
        with ticket.locked():
            if comment.strip():
                ticket.append("customer", formatting.clean_text(comment), by=customer, at=at)
            first = not ticket.asked_for_person
            ticket.asked_for_person = True
            ticket.waiting_since = ticket.waiting_since or at
            ticket.save(update_fields=["asked_for_person", "waiting_since"])
            if ticket.state == ticket.State.RESOLVED:
                ticket.reopen(customer=customer, at=at)
            if first:
                answer = self._last_answer()
                Event.record(
                    "ticket.person_requested",
                    by=customer,
                    ticket=ticket,
                    at=at,
                    decision=answer.meta.get("decision") if answer else None,
                )
            ticket.hand_off(reason="asked_for_person", body=self._passed_on(at), at=at)

    def reopen(self, *, by: User | None = None, customer: Customer | None = None, at: dt.datetime | None = None) -> bool:
        ticket, at = _ticket(self), at or timezone.now()
        with ticket.locked():
            if ticket.state not in {ticket.State.RESOLVED, ticket.State.SPAM} or ticket.merged_into_id:
                return False
            ticket.resolutions.filter(reversed_at=None).update(reversed_at=at)
            was, ticket.state, ticket.resolved_at = ticket.state, ticket.State.OPEN, None
            unanswered = ticket.last_message_at if ticket.last_author == "customer" else None
            ticket.waiting_since = at if customer else unanswered
            ticket.touch(at, also=["state", "resolved_at", "waiting_since"])
            answer = self._last_answer()
            Event.record(
                "ticket.reopened",
                by=by or customer or SYSTEM,
                ticket=ticket,
                at=at,
                was=str(was),
                decision=answer.meta.get("decision") if answer else None,
            )
        return True

    def rate(self, *, customer: Customer, score: int, comment: str = "", at: dt.datetime | None = None) -> Rating | None:
        """How they found it, once it is over. The last word counts; saying the same again says nothing new. None while it is not over."""
        from helpdesk.models.ratings import COMMENT_LIMIT, Rating

        ticket, at = _ticket(self), at or timezone.now()
        if score not in Rating.Score.values:
            raise ValidationError("Choose one of the five.", code="score")
        comment = formatting.clean_text(comment, limit=COMMENT_LIMIT, what="What you wrote") if comment.strip() else ""
        with ticket.locked():
            if ticket.state != ticket.State.RESOLVED or ticket.customer_id != customer.pk:
                return None
            before = Rating.objects.filter(ticket=ticket).first()
            if before and before.score == score and comment in {"", before.comment}:
                return before
            told = {"score": score, "comment": comment or (before.comment if before else ""), "customer": customer, "at": at}
            rating, _ = Rating.objects.update_or_create(ticket=ticket, defaults=told)
            Event.record("ticket.rated", by=customer, ticket=ticket, at=at, score=score, comment=rating.comment)
        return rating

    def _last_answer(self) -> Message | None:
        """The last thing that may have solved it: an agent's reply or the assistant's answer."""
        ticket = _ticket(self)
        last = ticket.just_said
        if last is not None and last.seq == ticket.last_seq and _may_solve(last):
            return last
        said = ticket.messages.public().filter(author__in=["agent", "assistant"]).order_by("-seq")
        return next((message for message in said[:5] if _may_solve(message)), None)

    def _passed_on(self, at: dt.datetime | None) -> str:
        from helpdesk import office

        when = office.promise(_ticket(self), at or timezone.now())
        return f"I have passed this on to a colleague with everything you wrote. {when}"


def _may_solve(message: Message) -> bool:
    return message.author != "customer" and not message.is_note and message.kind not in {"handoff", "clarify"}


def _ticket(mixin: object) -> Ticket:
    return cast("Ticket", mixin)
