"""What is said in a ticket: by the customer, the agents and the assistant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

from django.utils import timezone

from helpdesk import formatting, mentions
from helpdesk.models.events import ASSISTANT, SYSTEM, Actor, Event
from helpdesk.models.people import Customer, Team, User

if TYPE_CHECKING:
    from helpdesk.models.attachments import Attachment
    from helpdesk.models.messages import Message
    from helpdesk.models.tickets import Ticket


class Conversation:
    """Mixed into Ticket."""

    def say(
        self,
        body: str,
        *,
        customer: Customer,
        client_msg_id: str = "",
        meta: dict[str, Any] | None = None,
        attachments: Sequence[str] = (),
        at: dt.datetime | None = None,
    ) -> Message:
        """The customer writes. A resolved ticket opens again: nobody should have to ask twice. `attachments`: keys of what they put down."""
        ticket, at = _ticket(self), at or timezone.now()
        body = _words(body, attachments)
        with ticket.locked():
            if already := ticket.already_said(client_msg_id):
                return already
            files = _files(attachments, customer)
            also = []
            if not ticket.merged_into_id:  # else it follows to where that one goes on, and is waited for there
                if ticket.state == ticket.State.RESOLVED:
                    ticket.reopen(customer=customer, at=at)
                ticket.state, ticket.snoozed_until = ticket.State.OPEN, None
                ticket.waiting_since = ticket.waiting_since or at
                also = ["state", "snoozed_until", "waiting_since"]
            message = ticket.append("customer", body, by=customer, at=at, client_msg_id=client_msg_id, meta=meta, files=files, also=also)
            Event.record("message.said", by=customer, ticket=ticket, at=at, message=message.pk, seq=message.seq)
        return message

    def reply(
        self,
        body: str,
        *,
        by: User,
        teach: bool = True,
        draft: int | None = None,
        client_msg_id: str = "",
        meta: dict[str, Any] | None = None,
        attachments: Sequence[str] = (),
        at: dt.datetime | None = None,
    ) -> Message:
        """An agent answers the customer. `teach` approves the text as something the assistant may learn from."""
        ticket, at = _ticket(self), at or timezone.now()
        body = _words(body, attachments)
        with ticket.locked():
            if already := ticket.already_said(client_msg_id):
                return already
            files = _files(attachments, by)
            meta = {**(meta or {}), "teach": teach, **({"draft": draft} if draft else {})}
            ticket.handler, ticket.waiting_since, ticket.has_draft = ticket.Handler.TEAM, None, False
            ticket.assignee = ticket.assignee or by
            if ticket.state in {ticket.State.SNOOZED, ticket.State.OPEN}:
                ticket.state = ticket.State.WAITING
            also = ["handler", "waiting_since", "has_draft", "assignee", "state"]
            message = ticket.append("agent", body, by=by, at=at, client_msg_id=client_msg_id, meta=meta, files=files, also=also)
            ticket.mark_read(by)
            Event.record("message.replied", by=by, ticket=ticket, at=at, message=message.pk, seq=message.seq, teach=teach, draft=draft)
        return message

    def note(
        self, body: str, *, by: User, client_msg_id: str = "", attachments: Sequence[str] = (), at: dt.datetime | None = None
    ) -> Message:
        """Only colleagues ever see it."""
        ticket, at = _ticket(self), at or timezone.now()
        body = _words(body, attachments, what="The note")
        with ticket.locked():
            if already := ticket.already_said(client_msg_id):
                return already
            files = _files(attachments, by)
            called = mentions.find(body, ticket)
            meta = {"mentions": called.names} if called.names else None
            message = ticket.append("agent", body, by=by, at=at, client_msg_id=client_msg_id, is_note=True, meta=meta, files=files)
            ticket.mark_read(by)
            Event.record("message.noted", by=by, ticket=ticket, at=at, message=message.pk, seq=message.seq)
            if users := [pk for pk in called.users if pk != by.pk]:
                told = {"message": message.pk, "seq": message.seq, "users": users, "teams": called.teams}
                Event.record("message.mentioned", by=by, ticket=ticket, at=at, **told)
        return message

    def answer(self, body: str, *, meta: dict[str, Any], client_msg_id: str = "", at: dt.datetime | None = None) -> Message:
        """The assistant answers, or asks which of several things was meant (`meta["kind"] == "clarify"`)."""
        ticket, at = _ticket(self), at or timezone.now()
        body = formatting.clean_text(body, what="The answer")
        with ticket.locked():
            if already := ticket.already_said(client_msg_id):
                return already
            ticket.waiting_since = None
            message = ticket.append("assistant", body, by=ASSISTANT, at=at, client_msg_id=client_msg_id, meta=meta, also=["waiting_since"])
            verb = "assistant.asked" if meta.get("kind") == "clarify" else "assistant.answered"
            Event.record(verb, by=ASSISTANT, ticket=ticket, at=at, message=message.pk, seq=message.seq, decision=meta.get("decision"))
        return message

    def hand_off(
        self,
        *,
        reason: str,
        body: str = "",
        team: Team | None = None,
        meta: dict[str, Any] | None = None,
        at: dt.datetime | None = None,
    ) -> Message | None:
        """From the assistant to people, with a word to the customer. Already there: nothing happens."""
        ticket, at = _ticket(self), at or timezone.now()
        with ticket.locked():
            if ticket.handler == ticket.Handler.TEAM:
                return None
            ticket.handler = ticket.Handler.TEAM
            ticket.waiting_since = ticket.waiting_since or at
            ticket.team = ticket.team or team
            also, message = ["handler", "waiting_since", "team"], None
            if body:
                message = ticket.append("assistant", body, by=ASSISTANT, at=at, meta={**(meta or {}), "kind": "handoff"}, also=also)
            else:
                ticket.touch(at, also=also)
            Event.record(
                "ticket.handed_off",
                by=ASSISTANT,
                ticket=ticket,
                at=at,
                reason=reason,
                message=message.pk if message else None,
                decision=(meta or {}).get("decision"),
            )
        return message

    def append(
        self,
        author: str,
        body: str,
        *,
        by: Actor = SYSTEM,
        at: dt.datetime,
        is_note: bool = False,
        client_msg_id: str = "",
        meta: dict[str, Any] | None = None,
        files: Sequence[Attachment] = (),
        also: Iterable[str] = (),
    ) -> Message:
        """The next message, and the list columns that follow from it; `also` names columns to save with them.

        Call with the row locked. A ticket that is not saved yet is saved with it.
        """
        from helpdesk.models.attachments import Attachment
        from helpdesk.models.messages import Message

        ticket = _ticket(self)
        render = formatting.render_plain if author == "customer" else formatting.render_reply
        ticket.last_seq += 1
        message = ticket.just_said = Message(
            seq=ticket.last_seq,
            author=author,
            user=by if isinstance(by, User) else None,
            customer=by if isinstance(by, Customer) else None,
            body=body,
            html=render(body),
            is_note=is_note,
            client_msg_id=client_msg_id,
            meta=meta or {},
            at=at,
        )
        if author == "customer" and not is_note:
            ticket.customer_read_seq = message.seq
        if not is_note and message.kind != "handoff":  # the list shows the question, not that it was passed on
            ticket.last_message_at, ticket.last_author = at, author
            preview = formatting.plain(body) or f"Sent {', '.join(file.name for file in files)}"
            ticket.last_preview = formatting.clean_line(preview, limit=160)
        ticket.touch(at, also=["last_seq", "last_message_at", "last_author", "last_preview", "customer_read_seq", *also])
        message.ticket = ticket
        message.save(force_insert=True)
        if files:
            Attachment.tie(files, message)
        return message

    def message(self, pk: int) -> Message:
        """One of its messages; what was just said is still at hand."""
        ticket = _ticket(self)
        return ticket.just_said if ticket.just_said and ticket.just_said.pk == pk else ticket.messages.get(pk=pk)

    def already_said(self, client_msg_id: str) -> Message | None:
        """A resent message is the same message."""
        return _ticket(self).messages.filter(client_msg_id=client_msg_id).first() if client_msg_id else None

    def touch(self, at: dt.datetime, *, also: Iterable[str] = ()) -> None:
        """It has changed: up in the lists. `also` names other columns to save with that."""
        ticket = _ticket(self)
        ticket.updated_at = max(ticket.updated_at, at)
        ticket.save(update_fields=None if ticket.pk is None else ["updated_at", *also])


def _words(body: str, attachments: Sequence[str], *, what: str = "The message") -> str:
    """A picture may say it without any."""
    return "" if attachments and not body.strip() else formatting.clean_text(body, what=what)


def _files(keys: Sequence[str], by: User | Customer) -> list[Attachment]:
    from helpdesk.models.attachments import Attachment

    return Attachment.claim(keys, by=by) if keys else []


def _ticket(mixin: object) -> Ticket:
    return cast("Ticket", mixin)
