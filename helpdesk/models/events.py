"""The append-only record of what happened. History, webhooks, reports and learning all read it."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils import timezone

from helpdesk.models.people import Customer, User
from helpdesk.signals import event_recorded

if TYPE_CHECKING:
    from helpdesk.models.tickets import Ticket
    from helpdesk.viewers import Viewer

ASSISTANT = "assistant"
SYSTEM = "system"
Actor = User | Customer | str  # a person, or ASSISTANT, or SYSTEM


class EventQuerySet(models.QuerySet["Event"]):
    def visible_to(self, viewer: Viewer) -> EventQuerySet:
        from helpdesk.models.tickets import Ticket

        if isinstance(viewer, User):
            return self.filter(models.Q(ticket=None) | models.Q(ticket__in=Ticket.objects.visible_to(viewer)))
        if isinstance(viewer, Customer):
            return self.filter(ticket__in=Ticket.objects.visible_to(viewer), verb__in=PUBLIC_VERBS)
        return self.none()


PUBLIC_VERBS = [
    "ticket.opened",
    "ticket.handed_off",
    "ticket.person_requested",
    "ticket.solved",
    "ticket.resolved",
    "ticket.reopened",
]


class Event(models.Model):
    class ActorKind(models.TextChoices):
        CUSTOMER = "customer"
        AGENT = "agent"
        ASSISTANT = "assistant"
        SYSTEM = "system"

    verb = models.CharField(max_length=40)
    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices)
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    customer = models.ForeignKey(Customer, null=True, on_delete=models.SET_NULL, related_name="+")
    ticket = models.ForeignKey("helpdesk.Ticket", null=True, on_delete=models.CASCADE, related_name="events")
    data = models.JSONField(default=dict)
    at = models.DateTimeField(help_text="When it happened; history that is imported keeps its own time.")
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["ticket", "id"], name="event_ticket"),
            models.Index(fields=["recorded_at", "verb"], name="event_recorded"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} #{self.pk}"

    @classmethod
    def record(cls, verb: str, *, by: Actor, at: dt.datetime, ticket: Ticket | None = None, **data: Any) -> Event:
        """Write it down inside the verb's transaction; announce it once that has committed."""
        kind, user, customer = cls.ActorKind.SYSTEM, None, None
        if isinstance(by, User):
            kind, user = cls.ActorKind.AGENT, by
        elif isinstance(by, Customer):
            kind, customer = cls.ActorKind.CUSTOMER, by
        elif by == ASSISTANT:
            kind = cls.ActorKind.ASSISTANT
        event = cls.objects.create(verb=verb, actor_kind=kind, user=user, customer=customer, ticket=ticket, data=data, at=at)
        transaction.on_commit(partial(event_recorded.send_robust, sender=cls, event=event))
        return event


class EventConsumption(models.Model):
    """That a consumer dealt with an event, once. Failures are kept here until they succeed or are given up."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="consumptions")
    consumer = models.CharField(max_length=40)
    done_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "consumer"], name="one_consumption")]
        indexes = [models.Index(fields=["consumer", "done_at"], name="consumption_open")]

    def __str__(self) -> str:
        return f"{self.consumer} of {self.event_id}"
