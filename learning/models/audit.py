"""A decision that an agent is asked to judge. Drawn by chance, so that what they say holds for all the others."""

from __future__ import annotations

import datetime as dt

from django.db import models, transaction

from helpdesk.models import Event, Source, Ticket, User
from learning.models.decision import Decision


class AuditQuerySet(models.QuerySet["Audit"]):
    def due(self) -> AuditQuerySet:
        return self.filter(verdict="").order_by("pk")

    def visible_to(self, viewer: User) -> AuditQuerySet:
        return self.filter(decision__ticket__in=Ticket.objects.visible_to(viewer))


class Audit(models.Model):
    class Verdict(models.TextChoices):
        RIGHT = "right", "Right"
        WRONG = "wrong", "Wrong"
        UNCLEAR = "unclear", "Cannot tell"

    decision = models.OneToOneField(Decision, on_delete=models.CASCADE, related_name="audit")
    verdict = models.CharField(max_length=10, choices=Verdict.choices, blank=True)
    source = models.ForeignKey(Source, null=True, on_delete=models.SET_NULL, related_name="+", help_text="What would have been right")
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    drawn_at = models.DateTimeField()
    judged_at = models.DateTimeField(null=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["verdict", "id"], name="audit_due")]

    def __str__(self) -> str:
        return f"{self.verdict or 'due'}: decision {self.decision_id}"

    @transaction.atomic
    def judge(self, verdict: str, *, by: User, at: dt.datetime, source: Source | None = None) -> bool:
        """An agent's word on it. False when somebody was faster: the first verdict stands."""
        verdict = Audit.Verdict(verdict).value
        better = source if verdict == Audit.Verdict.WRONG else None
        if not Audit.objects.filter(pk=self.pk, verdict="").update(verdict=verdict, by=by, source=better, judged_at=at):
            return False
        if verdict != Audit.Verdict.UNCLEAR:
            Event.record(
                "answer.verdict",
                by=by,
                ticket=self.decision.ticket,
                at=at,
                decision=self.decision_id,
                right=verdict == Audit.Verdict.RIGHT,
                source=better.pk if better else None,
            )
        return True
