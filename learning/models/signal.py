"""The ledger: one row for each thing that an event says of a decision. Rows are reversed, never deleted."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import Q

from helpdesk.models import Event, Source
from learning.models.decision import Decision


class SignalQuerySet(models.QuerySet["Signal"]):
    def due(self, at: dt.datetime) -> SignalQuerySet:
        return self.filter(state=Signal.State.PENDING, due_at__lte=at)

    def in_force(self) -> SignalQuerySet:
        return self.filter(state=Signal.State.MATURED)


class Signal(models.Model):
    class State(models.TextChoices):
        PENDING = "pending", "Held"
        MATURED = "matured", "Counts"
        REVERSED = "reversed", "Reversed"

    event = models.ForeignKey(Event, null=True, on_delete=models.CASCADE, related_name="+")
    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, related_name="signals")
    kind = models.CharField(max_length=16)
    source = models.ForeignKey(Source, null=True, on_delete=models.CASCADE, related_name="+", help_text="What it speaks of")
    llr = models.FloatField(help_text="Weight of evidence: log P(signal | right) / P(signal | wrong)")
    heard = models.FloatField(
        db_default=1.0, help_text="The share of it that counts: less where this customer's word is mostly the opposite of what is found"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.MATURED)
    at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    matured_at = models.DateTimeField(null=True)
    reversed_at = models.DateTimeField(null=True)

    objects = SignalQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "decision", "kind"], name="signal_once")]
        indexes = [
            models.Index(fields=["decision", "state"], name="signal_decision"),
            models.Index(fields=["due_at"], condition=Q(state="pending"), name="signal_due"),
            models.Index(fields=["at", "kind"], name="signal_at"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.state}) of decision {self.decision_id}"
