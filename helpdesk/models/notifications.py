"""What an agent should know of that happened without them, and what they have chosen to be told."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Count, Max, Q
from django.utils import timezone

from helpdesk.models.events import Event
from helpdesk.models.people import User
from helpdesk.models.tickets import Ticket

if TYPE_CHECKING:
    from helpdesk.models.views import AgentSettings
    from helpdesk.viewers import Viewer

SHOWN = 30  # tickets
COUNTED = 99


class NotificationQuerySet(models.QuerySet["Notification"]):
    def visible_to(self, viewer: Viewer) -> NotificationQuerySet:
        """One's own, of tickets that one may still see."""
        if not isinstance(viewer, User):
            return self.none()
        return self.filter(user=viewer, ticket__in=Ticket.objects.visible_to(viewer))

    def unread(self) -> NotificationQuerySet:
        return self.filter(read_at=None)


class Notification(models.Model):
    class Kind(models.TextChoices):
        ASSIGNED = "assigned", "A ticket is given to me"
        WROTE = "wrote", "A customer writes in a ticket of mine"
        REOPENED = "reopened", "A ticket of mine is open again"
        MENTIONED = "mentioned", "A colleague mentions me"
        TEAM = "team", "A ticket comes to a team of mine"

        @property
        def told(self) -> str:
            return {
                "assigned": "It was given to you",
                "wrote": "The customer wrote",
                "reopened": "It is open again",
                "mentioned": "You were mentioned",
                "team": "It came to your team",
            }[self.value]

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["user", "event", "kind"], name="told_once")]
        indexes = [
            models.Index(fields=["user", "-at"], name="notification_user"),
            models.Index(fields=["user", "ticket"], condition=Q(read_at=None), name="notification_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.user_id}"

    @classmethod
    def clear(cls, user: User, ticket: Ticket) -> bool:
        """They have seen the ticket."""
        return bool(cls.objects.filter(user=user, ticket=ticket, read_at=None).update(read_at=timezone.now()))


@dataclass(frozen=True)
class Told:
    """All that happened in one ticket, as one line."""

    ticket: Ticket
    kind: str
    number: int
    at: dt.datetime
    is_unread: bool

    @property
    def words(self) -> str:
        return Notification.Kind(self.kind).told


def grouped(user: User, *, only_unread: bool = False) -> list[Told]:
    """The newest first, a line for each ticket; in two queries."""
    mine = Notification.objects.visible_to(user)
    mine = mine.unread() if only_unread else mine
    rows = list(
        mine.order_by()
        .values("ticket")
        .annotate(newest=Max("at"), last=Max("pk"), number=Count("pk", filter=Q(read_at=None)))
        .order_by("-newest", "-last")[:SHOWN]
    )
    last = {each.pk: each for each in Notification.objects.filter(pk__in=[row["last"] for row in rows]).select_related("ticket__customer")}
    return [Told(last[row["last"]].ticket, last[row["last"]].kind, row["number"], row["newest"], row["number"] > 0) for row in rows]


def unread_count(user: User) -> int:
    """Tickets, not words; one above COUNTED where there are more."""
    return Notification.objects.visible_to(user).unread().order_by().values("ticket").distinct()[: COUNTED + 1].count()


def is_quiet(chosen: AgentSettings, now: dt.datetime) -> bool:
    """Within the hours in which they want to hear nothing, where they are."""
    if chosen.quiet_from is None or chosen.quiet_to is None or chosen.quiet_from == chosen.quiet_to:
        return False
    at = now.astimezone(ZoneInfo(chosen.time_zone or timezone.get_default_timezone_name())).time()
    if chosen.quiet_from < chosen.quiet_to:
        return chosen.quiet_from <= at < chosen.quiet_to
    return at >= chosen.quiet_from or at < chosen.quiet_to
