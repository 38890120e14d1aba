"""What an agent's composer sends, checked before anything is said."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from helpdesk.models import HeldReply, Macro, Message, SiteSettings, Ticket, Unsent, User
from helpdesk.models.people import names

if TYPE_CHECKING:
    from django.http import QueryDict

logger = logging.getLogger(__name__)


class Stale(Exception):
    """Somebody else wrote to the customer, or the customer wrote, after what the agent had before their eyes."""

    def __init__(self, missed: list[Message], sending: Sequence[User] = ()) -> None:
        self.missed = missed
        people = [*sending, *(message.person for message in missed if message.person)]
        self.names = names(list(dict.fromkeys(people))) or "The assistant"


class SentOtherwise(Exception):
    """This form was sent already, with other words: a connection broke, and the text was changed since."""


class MessageForm(forms.Form):
    KINDS = [("reply", "Reply"), ("note", "Internal note")]
    THEN = [("resolve", "Send and resolve"), ("wait", "Send and wait"), ("edit", "Edit"), ("keep", "Keep for later"), ("macro", "Insert")]

    body = forms.CharField(required=False, strip=False)
    kind = forms.ChoiceField(choices=KINDS)  # never guessed: a note whose kind is lost on the way must not go to a customer
    teach = forms.BooleanField(required=False)
    draft = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    macro = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    client_msg_id = forms.CharField(max_length=64, required=False)
    seen_seq = forms.IntegerField(required=False, min_value=0)
    then = forms.ChoiceField(choices=THEN, required=False)
    at_once = forms.BooleanField(required=False)  # among chats side by side nobody waits

    attachments: Sequence[str] = ()  # keys; what the form brought along is put down first

    @property
    def is_note(self) -> bool:
        return self["kind"].value() == "note"

    def insert(self, macro: Macro, words: str) -> None:
        """After what is written; what it does is done when that is sent."""
        data = cast("QueryDict", self.data).copy()
        data["body"] = "\n\n".join(filter(None, [data.get("body", "").strip(), words]))
        data["macro"] = str(macro.pk)
        self.data = data

    def renew(self, *, seen_seq: int, fresh_id: bool = False) -> None:
        """For asking again: the text stays, what the agent has seen moves on."""
        data = cast("QueryDict", self.data).copy()
        data["seen_seq"] = str(seen_seq)
        if fresh_id or not data.get("client_msg_id"):
            data["client_msg_id"] = str(uuid4())
        self.data = data


def blank(ticket: Ticket, **prefilled: Any) -> MessageForm:
    """An empty composer. Its id makes sending it twice the same as sending it once."""
    start = {"kind": "reply", "teach": True, "client_msg_id": str(uuid4()), "seen_seq": ticket.last_seq}
    return MessageForm(initial={**start, **prefilled})


def begun(ticket: Ticket, unsent: Iterable[Unsent]) -> MessageForm:
    """The composer with what its agent wrote here before and did not send: the reply, or else the note."""
    kept = min(unsent, key=lambda each: each.is_note, default=None)
    return blank(ticket, kind=kept.kind, body=kept.body, draft=kept.draft) if kept else blank(ticket)


def send(ticket: Ticket, form: MessageForm, *, by: User) -> Message | HeldReply:
    """Say it, and do with the ticket what was asked; a reply first waits the seconds in which it may be taken back. Raises ValidationError, Stale or SentOtherwise with nothing said."""
    said = {**form.cleaned_data, "attachments": list(form.attachments)}
    seconds, at = SiteSettings.load().undo_seconds, timezone.now()
    with ticket.locked():
        if already := ticket.already_said(said["client_msg_id"]) or _held(ticket, said["client_msg_id"]):
            if already.body.split() != said["body"].split() or already.user_id != by.pk:
                raise SentOtherwise
            return already
        if said["kind"] == "note":
            message = ticket.note(said["body"], by=by, client_msg_id=said["client_msg_id"], attachments=said["attachments"])
        else:
            if ticket.merged_into_id:
                raise ValidationError(f"This goes on in {ticket.merged_into_id}. Answer there: here nobody would see it.", code="merged")
            _check_seen(ticket, said["seen_seq"], by)
            if seconds and not said["at_once"] and ticket.channel != Ticket.Channel.CHAT:  # in a chat somebody sits and waits
                wanted = {name: said[name] for name in ("teach", "draft", "macro", "then", "client_msg_id", "attachments")}
                held = HeldReply.hold(ticket, said["body"], by=by, seconds=seconds, at=at, **wanted)
                Unsent.discard(ticket, by=by, is_note=False)
                return held
            kept = {"client_msg_id": said["client_msg_id"], "attachments": said["attachments"]}
            message = ticket.reply(said["body"], by=by, teach=said["teach"], draft=said["draft"], **kept)
        Unsent.discard(ticket, by=by, is_note=message.is_note)
        if macro := Macro.objects.visible_to(by).with_people().filter(pk=said["macro"]).first():
            macro.apply(ticket, by=by)
        if said["then"] == "resolve":
            ticket.resolve(by=by)
        elif said["then"] == "wait":
            ticket.wait(by=by)
    return message


def say_due(now: dt.datetime) -> int:
    """What nobody has taken back in time. One that cannot be said does not keep the others waiting."""
    said = 0
    for held in HeldReply.objects.due(now).select_related("ticket", "user")[:200]:
        try:
            said += held.say(at=now) is not None
        except Exception:
            logger.exception("A reply to #%s could not be said and is tried again", held.ticket_id)
    return said


def _held(ticket: Ticket, client_msg_id: str) -> HeldReply | None:
    return ticket.held.filter(client_msg_id=client_msg_id).first() if client_msg_id else None


def _check_seen(ticket: Ticket, seen: int | None, agent: User) -> None:
    if seen is None:
        return
    if by_others := list(ticket.held.exclude(user=agent).select_related("user")):
        raise Stale([], [held.user for held in by_others])
    missed = list(ticket.messages.public().filter(seq__gt=seen).exclude(user=agent).select_related("user", "customer").order_by("seq")[:20])
    if missed:
        raise Stale(missed)
