"""Tickets that are about the same: one goes on in the other, until somebody undoes it."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from helpdesk import formatting
from helpdesk.models.events import Event
from helpdesk.models.people import Customer, User

if TYPE_CHECKING:
    from helpdesk.models.attachments import Attachment
    from helpdesk.models.messages import Message
    from helpdesk.models.tickets import Ticket


class Merging:
    """Mixed into Ticket. Nothing that was said moves: who could read something can read it still, and nobody else."""

    def merge_into(self, target: Ticket, *, by: User, shares: bool = False, at: dt.datetime | None = None) -> Merge | None:
        """It is closed and goes on there: what its requester says later follows, and replies there come here too where that is somebody else.
        `shares`: what the two say from now on is shown to both. None when it has been merged already.
        """
        from helpdesk.models.held import say_at_once

        ticket, target, at = _ticket(self), _last(target), at or timezone.now()
        if ticket.pk == target.pk:
            raise ValidationError("A ticket cannot be merged into itself.", code="same")
        with _together(ticket, target):
            if ticket.merged_into_id:
                return None
            if target.merged_into_id or ticket.state == ticket.State.SPAM or target.state == target.State.SPAM:
                raise ValidationError("The other ticket is closed, or was merged itself.", code="closed")
            say_at_once(ticket, at=at)
            before = {name: getattr(ticket, name) for name in ("state", "handler", "has_draft")}
            moments = {name: _written(getattr(ticket, name)) for name in MOMENTS}
            merge = Merge.objects.create(source=ticket, target=target, by=by, shares=shares, at=at, before={**before, **moments})
            ticket.merged_into, ticket.state, ticket.handler, ticket.has_draft = target, ticket.State.RESOLVED, ticket.Handler.TEAM, False
            ticket.waiting_since = ticket.snoozed_until = None
            ticket.resolved_at = at
            ticket.touch(at, also=["merged_into", *before, *MOMENTS])
            waited = parse_datetime(moments["waiting_since"] or "")
            if waited and target.state == target.State.OPEN and (target.waiting_since is None or waited < target.waiting_since):
                target.waiting_since = waited  # one of the two has waited so long
            target.touch(at, also=["waiting_since"])
            Event.record("ticket.merged", by=by, ticket=ticket, at=at, into=target.pk, merge=merge.pk, shares=shares)
            Event.record("ticket.absorbed", by=by, ticket=target, at=at, source=ticket.pk, merge=merge.pk)
        return merge

    def unmerge(self, *, by: User, at: dt.datetime | None = None) -> bool:
        """As it was before, and open where its requester has written since. Words that followed stay in both, their files only where they were put."""
        ticket, at = _ticket(self), at or timezone.now()
        merge = Merge.objects.standing().select_related("target").filter(source=ticket).first()
        if merge is None:
            return False
        with _together(ticket, merge.target):
            if not Merge.objects.standing().filter(pk=merge.pk).exists():  # somebody was faster
                return False
            merge.undone_at, merge.undone_by = at, by
            merge.save(update_fields=["undone_at", "undone_by"])
            ticket.merged_into = None
            for name, value in merge.before.items():
                setattr(ticket, name, parse_datetime(value) if name in MOMENTS and value else value)
            since = ticket.messages.filter(author="customer", at__gt=merge.at).order_by("seq").first()
            if since:
                ticket.state, ticket.snoozed_until, ticket.resolved_at = ticket.State.OPEN, None, None
                ticket.waiting_since = ticket.waiting_since or since.at
            ticket.touch(at, also=["merged_into", *merge.before])
            _put_back_files(ticket)
            Event.record("ticket.unmerged", by=by, ticket=ticket, at=at, into=merge.target_id, merge=merge.pk)
            Event.record("ticket.released", by=by, ticket=merge.target, at=at, source=ticket.pk, merge=merge.pk)
        return True

    def overhear(self, said: Message, *, at: dt.datetime) -> Message:
        """What the requester of a merged ticket says, which the requester of this one must not read: agents do."""
        ticket, key = _ticket(self), f"follows-{said.pk}"
        with ticket.locked():
            if already := ticket.already_said(key):
                return already
            if ticket.is_resolved:
                ticket.reopen(customer=said.customer, at=at)
            ticket.state, ticket.snoozed_until = ticket.State.OPEN, None
            ticket.waiting_since = ticket.waiting_since or at
            also = ["state", "snoozed_until", "waiting_since"]
            meta = {"via": said.ticket_id}
            who = said.customer or ticket.customer
            files, body = _files_and_words(said, by=who)
            message = ticket.append("customer", body, by=who, at=at, is_note=True, client_msg_id=key, meta=meta, files=files, also=also)
            Event.record("message.followed", by=who, ticket=ticket, at=at, message=message.pk, seq=message.seq, source=said.ticket_id)
        return message

    def receive_copy(self, reply: Message, *, at: dt.datetime) -> Message:
        """A reply given where this one was merged into."""
        ticket, key = _ticket(self), f"copy-{reply.pk}"
        with ticket.locked():
            if already := ticket.already_said(key):
                return already
            by = cast(User, reply.user)
            files, body = _files_and_words(reply, by=by)
            message = ticket.append("agent", body, by=by, at=at, client_msg_id=key, meta={"copy_of": reply.pk}, files=files)
            Event.record("message.copied", by=by, ticket=ticket, at=at, message=message.pk, seq=message.seq)
        return message


MOMENTS = ("waiting_since", "snoozed_until", "resolved_at")


class MergeQuerySet(models.QuerySet["Merge"]):
    def standing(self) -> MergeQuerySet:
        return self.filter(undone_at=None)

    def of_others(self, target: Ticket) -> MergeQuerySet:
        """Those into a ticket whose requester is somebody else: they get its replies too."""
        return self.standing().filter(target=target).exclude(source__customer=target.customer_id)


class Merge(models.Model):
    source = models.ForeignKey("helpdesk.Ticket", on_delete=models.CASCADE, related_name="merges")
    target = models.ForeignKey("helpdesk.Ticket", on_delete=models.CASCADE, related_name="absorbed")
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    shares = models.BooleanField(default=False)
    before = models.JSONField(default=dict, help_text="What the source was like")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = MergeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source"], condition=models.Q(undone_at=None), name="merged_once"),
            models.CheckConstraint(condition=~models.Q(source=models.F("target")), name="not_into_itself"),
        ]

    def __str__(self) -> str:
        return f"#{self.source_id} into #{self.target_id}"


def follow(said: Message, *, at: dt.datetime) -> None:
    """A customer has spoken in a ticket that goes on in another one."""
    merge = Merge.objects.standing().select_related("target__customer").filter(source=said.ticket_id).first()
    if merge is None:
        return
    target, who = _last(merge.target), said.customer
    if who is not None and (merge.shares or target.customer_id == who.pk):
        with target.locked():
            if target.already_said(key := f"follows-{said.pk}"):
                return
            files, body = _files_and_words(said, by=who)
            keys = [each.key for each in files]
            target.say(body, customer=who, client_msg_id=key, meta={"via": said.ticket_id}, attachments=keys, at=at)
    else:
        target.overhear(said, at=at)


def hand_round(reply: Message, *, at: dt.datetime) -> None:
    """An agent has replied in a ticket into which those of others were merged, or merged ones of these."""
    waiting = [(reply.ticket, {reply.ticket.customer_id})]
    while waiting:
        target, told = waiting.pop()
        for merge in Merge.objects.standing().filter(target=target).select_related("source__customer"):
            if merge.source.customer_id not in told:
                merge.source.receive_copy(reply, at=at)
            waiting.append((merge.source, told | {merge.source.customer_id}))


def _files_and_words(message: Message, *, by: User | Customer) -> tuple[list[Attachment], str]:
    """What goes on to the other ticket. Whoever may read it there reads its files too, and those of the first stay where they are."""
    from helpdesk.models.attachments import Attachment

    files = Attachment.copies_of(message, by=by)
    came = Counter(each.name for each in files)
    left = Counter(each.name for each in message.attachments.all()) - came
    return files, _words(message, list(left.elements()))


def _words(message: Message, names: list[str]) -> str:
    """With the names of the files that are only to be had where they were put."""
    return "\n\n".join(filter(None, [message.body, f"({', '.join(names)}, in {message.ticket_id})" if names else ""]))


def _put_back_files(ticket: Ticket) -> None:
    """What its requester sent after the merging has them here as it always had; where it followed to, only their names are left."""
    from helpdesk.models.attachments import Attachment
    from helpdesk.models.messages import Message

    said = {f"follows-{each.pk}": each for each in ticket.messages.filter(author="customer").exclude(attachments=None)}
    followed = Message.objects.filter(client_msg_id__in=said, meta__via=ticket.pk).exclude(attachments=None).distinct()
    for each in list(followed):
        gone = list(Attachment.objects.filter(message=each))
        for row in gone:
            row.delete()
        each.body = _words(said[each.client_msg_id], [row.name for row in gone])
        each.html = formatting.render_plain(each.body)
        each.save(update_fields=["body", "html"])


def _last(ticket: Ticket) -> Ticket:
    """Where it goes on in the end."""
    seen = {ticket.pk}
    while ticket.merged_into and ticket.merged_into_id not in seen:
        ticket = ticket.merged_into
        seen.add(ticket.pk)
    return ticket


@contextmanager
def _together(one: Ticket, other: Ticket) -> Iterator[None]:
    """Both locked, always in the same order: two agents who merge them crosswise wait for each other, and not for ever."""
    first, second = sorted((one, other), key=lambda ticket: ticket.pk)
    with first.locked(), second.locked():
        yield


def _written(at: Any) -> str | None:
    return at.isoformat() if at else None


def _ticket(mixin: object) -> Ticket:
    return cast("Ticket", mixin)
