"""The weights in use. Each refit is a new row; going back is retiring the newest."""

from __future__ import annotations

from django.db import models


class PolicyQuerySet(models.QuerySet["Policy"]):
    def live(self) -> PolicyQuerySet:
        return self.filter(state=Policy.State.LIVE)


class Policy(models.Model):
    class State(models.TextChoices):
        LIVE = "live", "Live"
        RETIRED = "retired", "Retired"

    version = models.CharField(max_length=40, unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.LIVE)
    weights = models.JSONField(help_text="Calibration, thresholds and page statistics")
    head = models.BinaryField(null=True, help_text="The logistic head: source ids and float32 weights, as .npz")
    evidence = models.JSONField(default=dict, help_text="What it was fitted on, and how it does")
    at = models.DateTimeField()

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "policies"
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.version
