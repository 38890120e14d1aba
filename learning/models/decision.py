"""What the assistant decided on one message, with everything it knew when it did."""

from __future__ import annotations

from typing import Any

from django.db import models
from pgvector.django import VectorField

from helpdesk.models import Customer, Message, Source, Ticket

DIMENSIONS = 384
CONTROL = "day one"  # the policy of decisions on held-out customers


class DecisionQuerySet(models.QuerySet["Decision"]):
    def shown(self) -> DecisionQuerySet:
        """Answers that a customer has seen."""
        return self.filter(kind=Decision.Kind.ANSWER, shown=True)

    def learned(self) -> DecisionQuerySet:
        """Not those on customers whom the frozen control serves."""
        return self.exclude(policy=CONTROL)

    def first_of_tickets(self) -> DecisionQuerySet:
        return self.filter(message__seq=1).filter(kind__in=[Decision.Kind.ANSWER, Decision.Kind.CLARIFY, Decision.Kind.HAND_OFF])


class Decision(models.Model):
    class Kind(models.TextChoices):
        ANSWER = "answer", "Answered"
        CLARIFY = "clarify", "Asked back"
        HAND_OFF = "hand_off", "Handed off"
        DRAFT = "draft", "Drafted for an agent"
        OBSERVED = "observed", "Left to people"

    ticket = models.ForeignKey(Ticket, null=True, on_delete=models.CASCADE, related_name="decisions")
    message = models.ForeignKey(Message, null=True, on_delete=models.CASCADE, related_name="decisions", help_text="The customer's message")
    customer = models.ForeignKey(Customer, null=True, on_delete=models.SET_NULL, related_name="+")
    source = models.ForeignKey(Source, null=True, on_delete=models.SET_NULL, related_name="+", help_text="Ranked first")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    confidence = models.FloatField(help_text="Calibrated probability that the first source resolves the question")
    raw = models.FloatField(default=0, help_text="The score before calibration, in log-odds")
    threshold = models.FloatField()
    candidates = models.JSONField(default=list)
    features = models.JSONField(default=dict, help_text="Of the first source")
    logodds = models.JSONField(default=dict, help_text="What counted for and against it")
    similar = models.JSONField(default=dict, help_text="What similar questions had come to with it: `votes.Similar`")
    control = models.JSONField(default=dict, help_text="What the frozen day-one policy would have done")
    policy = models.CharField(max_length=40)
    propensity = models.FloatField(default=1.0, help_text="How likely this was to be done")
    instead = models.JSONField(default=dict, help_text="What would have been done otherwise, where chance decided")
    reason = models.CharField(max_length=200, blank=True)
    vector = VectorField(dimensions=DIMENSIONS, null=True)
    question = models.TextField(blank=True, help_text="Masked")
    page = models.CharField(max_length=200, blank=True)
    segment = models.JSONField(default=dict)
    latency_ms = models.JSONField(default=dict)
    shown = models.BooleanField(default=False)
    at = models.DateTimeField()

    # What its signals say so far; recomputed from the ledger, never counted up.
    belief = models.FloatField(null=True, help_text="Probability, all signals considered, that the first source was right")

    objects = DecisionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["ticket", "id"], name="decision_ticket"),
            models.Index(fields=["at"], name="decision_at"),
            models.Index(fields=["customer", "at"], name="decision_customer"),
            models.Index(fields=["source", "id"], name="decision_source"),
        ]

    @property
    def served(self) -> list[dict[str, Any]]:
        """The candidates that could have been shown, best first: not those on trial."""
        return [each for each in self.candidates if not each.get("aside")]

    @property
    def first_aside(self) -> int | None:
        """The source on trial that would have come before all that could be shown, if there is one."""
        best = max((each for each in self.candidates if each.get("aside")), key=lambda each: each["score"], default=None)
        return int(best["source"]) if best and best["score"] > self.confidence else None

    @property
    def is_day_one(self) -> bool:
        """Of a held-out customer: its confidence is how well search fits, held against no outcome, and no probability to show."""
        return self.policy == CONTROL

    def __str__(self) -> str:
        return f"{self.kind} {self.confidence:.2f} on #{self.ticket_id}"
