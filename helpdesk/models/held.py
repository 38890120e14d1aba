"""A reply that waits some seconds in which it can be taken back. Until then it is nobody's business but the agents'."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import models, transaction

from helpdesk import formatting
from helpdesk.models.attachments import Attachment
from helpdesk.models.events import Event
from helpdesk.models.people import User
from helpdesk.models.tickets import Ticket
from helpdesk.models.unsent import Unsent

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from helpdesk.models.messages import Message
    from helpdesk.viewers import Viewer


class HeldQuerySet(models.QuerySet["HeldReply"]):
    def visible_to(self, viewer: Viewer) -> HeldQuerySet:
        return self.filter(ticket__in=Ticket.objects.visible_to(viewer)) if isinstance(viewer, User) else self.none()

    def due(self, at: dt.datetime) -> HeldQuerySet:
        return self.filter(due_at__lte=at)


class HeldReply(models.Model):
    """It becomes a message when it is due, with what its agent wanted done with it. The due time stands here and nowhere else."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="held")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    body = models.TextField()
    teach = models.BooleanField(default=True)
    draft = models.PositiveBigIntegerField(null=True)
    macro = models.PositiveBigIntegerField(null=True)
    then = models.CharField(max_length=10, blank=True)
    client_msg_id = models.CharField(max_length=64, blank=True)
    attachments = models.JSONField(default=list, blank=True, help_text="Keys of the files that go with it")
    at = models.DateTimeField()
    due_at = models.DateTimeField()

    objects = HeldQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        indexes = [models.Index(fields=["due_at", "id"], name="held_due")]
        constraints = [
            models.UniqueConstraint(fields=["ticket", "client_msg_id"], condition=~models.Q(client_msg_id=""), name="held_client_id")
        ]

    def __str__(self) -> str:
        return f"Held for #{self.ticket_id}"

    @property
    def html(self) -> SafeString:
        from django.utils.safestring import mark_safe

        return mark_safe(formatting.render_reply(self.body))  # noqa: S308  (sanitised as it is rendered)

    @classmethod
    def hold(
        cls, ticket: Ticket, body: str, *, by: User, seconds: int, at: dt.datetime, attachments: Sequence[str] = (), **wanted: object
    ) -> HeldReply:
        """Call with the ticket locked."""
        body = formatting.clean_text(body) if body.strip() or not attachments else ""
        wanted["attachments"] = [each.key for each in Attachment.claim(attachments, by=by)]
        held = cls.objects.create(ticket=ticket, user=by, body=body, at=at, due_at=at + dt.timedelta(seconds=seconds), **wanted)
        Event.record("reply.held", by=by, ticket=ticket, at=at, held=held.pk)
        return held

    def say(self, *, at: dt.datetime) -> Message | None:
        """Its time has come, or somebody cannot wait for it. Once: None when it was said, or taken back, meanwhile."""
        from helpdesk.models.macros import Macro

        with self.ticket.locked():
            if not HeldReply.objects.filter(pk=self.pk).delete()[0]:
                return None
            ticket, by = self.ticket, self.user
            files = list(Attachment.objects.unsent(by).filter(key__in=self.attachments).values_list("key", flat=True))
            message = ticket.reply(
                self.body, by=by, teach=self.teach, draft=self.draft, client_msg_id=self.client_msg_id, attachments=files, at=at
            )
            if self.macro and (macro := Macro.objects.visible_to(by).with_people().filter(pk=self.macro).first()):
                macro.apply(ticket, by=by, at=at)
            if self.then == "resolve":
                ticket.resolve(by=by, at=at)
            elif self.then == "wait":
                ticket.wait(by=by, at=at)
        return message

    def take_back(self, *, by: User, at: dt.datetime) -> bool:
        """Back into the composer, behind what has been written there since."""
        with self.ticket.locked():
            if by.pk != self.user_id or not HeldReply.objects.filter(pk=self.pk).delete()[0]:
                return False
            begun = Unsent.objects.filter(ticket=self.ticket, user=by, is_note=False).first()
            body = "\n\n".join(filter(None, [begun.body.strip() if begun else "", self.body]))[: formatting.MESSAGE_LIMIT]
            files = [*(begun.attachments if begun else []), *self.attachments]
            Unsent.keep(self.ticket, body, by=by, is_note=False, rev=begun.rev if begun else 0, draft=self.draft, attachments=files, at=at)
            Event.record("reply.taken_back", by=by, ticket=self.ticket, at=at, held=self.pk)
        return True


@transaction.atomic
def say_at_once(ticket: Ticket, *, at: dt.datetime, only_due: bool = False) -> int:
    """What is held of a ticket, in order: before it is resolved, merged or given another requester, nothing may be left behind."""
    waiting = HeldReply.objects.filter(ticket=ticket).select_related("user").order_by("due_at", "pk")
    said = 0
    for held in waiting.due(at) if only_due else waiting:
        held.ticket = ticket
        said += held.say(at=at) is not None
    return said
