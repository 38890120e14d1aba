"""A question and its answer, learned from a ticket that people solved. It is served through its Source."""

from __future__ import annotations

from django.db import models

from helpdesk.models import Message, Source, Ticket, User


class LearnedResolution(models.Model):
    class State(models.TextChoices):
        DRAFT = "draft", "Waits for approval"
        SHADOW = "shadow", "Compared in the background"
        CANARY = "canary", "Served to a few"
        LIVE = "live", "Served"
        RETIRED = "retired", "Retired"

    source = models.OneToOneField(Source, on_delete=models.CASCADE, related_name="resolution")
    question = models.TextField(help_text="De-personalised")
    answer = models.TextField(help_text="De-personalised")
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    held_because = models.CharField(max_length=200, blank=True, help_text="What the filter found")
    ticket = models.ForeignKey(Ticket, null=True, on_delete=models.SET_NULL, related_name="+")
    message = models.ForeignKey(Message, null=True, on_delete=models.SET_NULL, related_name="+")
    taught_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    accounts = models.PositiveIntegerField(default=0, help_text="Distinct accounts it has helped")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.question[:80]
