"""What an agent has written and not sent: kept as it is typed, so that a crash or another desk costs nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

from helpdesk import live
from helpdesk.formatting import MESSAGE_LIMIT
from helpdesk.models.people import User
from helpdesk.models.tickets import Ticket

if TYPE_CHECKING:
    from helpdesk.viewers import Viewer


MOST_FILES = 20
REMEMBERED = dt.timedelta(days=30)  # what a machine that was left has been told of


class Elsewhere(Exception):
    """The same agent wrote something else in another place since."""

    def __init__(self, kept: Unsent | None) -> None:
        self.kept = kept


class UnsentQuerySet(models.QuerySet["Unsent"]):
    def visible_to(self, viewer: Viewer) -> UnsentQuerySet:
        """That there is one, every colleague may know; its words belong to whoever wrote them."""
        return self.filter(ticket__in=Ticket.objects.visible_to(viewer)) if isinstance(viewer, User) else self.none()


class Unsent(models.Model):
    """At most one reply and one note for each agent and ticket. `rev` counts what was kept, so that two places notice each other."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="unsent")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    is_note = models.BooleanField(default=False)
    body = models.TextField()
    draft = models.PositiveBigIntegerField(null=True, help_text="The assistant's draft that it began from")
    attachments = ArrayField(models.CharField(max_length=32), default=list, help_text="Keys of files put down for it")
    rev = models.PositiveIntegerField(default=1)
    at = models.DateTimeField()

    objects = UnsentQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "user", "is_note"], name="one_unsent_of_a_kind")]

    def __str__(self) -> str:
        return f"{self.user_id} writes in #{self.ticket_id}"

    @property
    def kind(self) -> str:
        return "note" if self.is_note else "reply"

    @classmethod
    def keep(
        cls,
        ticket: Ticket,
        body: str,
        *,
        by: User,
        is_note: bool,
        rev: int,
        draft: int | None = None,
        attachments: Sequence[str] = (),
        desk: str = "",
        count: int = 0,
        at: dt.datetime | None = None,
    ) -> Unsent | None:
        """As it stands now; nothing written, nothing kept. Nothing has happened to the ticket by it, so there is no Event.
        `desk` and `count`: which page sent it, and how often something was changed there.

        Raises Elsewhere when `rev` is not the last that was kept and words or files differ; then nothing is changed.
        """
        body = body.replace("\x00", "").replace("\r\n", "\n")
        if len(body) > MESSAGE_LIMIT:
            raise ValidationError(f"This is longer than {MESSAGE_LIMIT:,} characters.", code="too_long")
        files = [key[:32] for key in attachments][:MOST_FILES]
        with transaction.atomic():
            User.objects.select_for_update(no_key=True).only("pk").get(
                pk=by.pk
            )  # two tabs at once meet here, also where there is no row yet
            known = cls.objects.filter(ticket=ticket, user=by, is_note=is_note).first()
            kept_now = (known.body, known.attachments) if known else ("", [])
            if (known.rev if known else 0) != rev and kept_now != (body, files):
                raise Elsewhere(known)
            DeskMark.put(ticket, by=by, is_note=is_note, desk=desk, count=count, at=at)
            if not body.strip() and not files:
                cls.discard(ticket, by=by, is_note=is_note)
                return None
            kept, created = cls.objects.update_or_create(
                ticket=ticket,
                user=by,
                is_note=is_note,
                defaults={
                    "body": body,
                    "draft": draft,
                    "attachments": files,
                    "at": at or timezone.now(),
                    "rev": (known.rev if known else 0) + 1,
                },
            )
            if created:
                _tell(ticket)
        return kept

    @classmethod
    def discard(cls, ticket: Ticket, *, by: User, is_note: bool) -> bool:
        gone, _ = cls.objects.filter(ticket=ticket, user=by, is_note=is_note).delete()
        if gone:
            _tell(ticket)
        return bool(gone)


class DeskMark(models.Model):
    """How much of what was typed at one desk has come here. That desk may still keep it, when it was left before it heard of this: whatever
    became of the words since, they are not to be brought back from there."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    desk = models.CharField(max_length=16)
    is_note = models.BooleanField(default=False)
    count = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "user", "desk", "is_note"], name="one_mark_a_desk")]
        indexes = [models.Index(fields=["at"], name="desk_mark_at")]

    def __str__(self) -> str:
        return f"{self.desk}: {self.count}"

    @classmethod
    def put(cls, ticket: Ticket, *, by: User, is_note: bool, desk: str, count: int, at: dt.datetime | None = None) -> None:
        if not desk:
            return
        row = DeskMark(ticket=ticket, user=by, desk=desk[:16], is_note=is_note, count=min(count, 2**31 - 1), at=at or timezone.now())
        DeskMark.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["ticket", "user", "desk", "is_note"], update_fields=["count", "at"]
        )

    @classmethod
    def of(cls, ticket: Ticket, user: User) -> dict[str, dict[str, int]]:
        """By kind and desk. Read it before what is kept: then whatever it says has come is in there."""
        marks: dict[str, dict[str, int]] = {}
        for is_note, desk, count in (
            cls.objects.filter(ticket=ticket, user=user).order_by("-at").values_list("is_note", "desk", "count")[:50]
        ):
            marks.setdefault("note" if is_note else "reply", {})[desk] = count
        return marks

    @classmethod
    def forget_old(cls, *, at: dt.datetime) -> int:
        return cls.objects.filter(at__lt=at - REMEMBERED).delete()[0]


def _tell(ticket: Ticket) -> None:
    """Whoever has the ticket open looks who is writing."""
    transaction.on_commit(partial(live.hint, live.inside_group(ticket.pk), {"kind": "unsent", "number": ticket.pk}))
