"""What one day came to, for the dashboard: one row for each day and name, worked out anew while outcomes still come in."""

from __future__ import annotations

import datetime as dt

from django.db import models


class MetricQuerySet(models.QuerySet["Metric"]):
    def between(self, first: dt.date, last: dt.date) -> MetricQuerySet:
        return self.filter(day__range=(first, last))


class Metric(models.Model):
    """A report on what learning did. Nothing is decided by it, so it is no part of the state that the ledger gives."""

    day = models.DateField(help_text="In UTC, of the day the question was asked")
    name = models.CharField(max_length=20)
    count = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0, help_text="Of how many")
    data = models.JSONField(default=dict, help_text="What a share over several days is estimated from: counts, never text")

    objects = MetricQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "name"], name="metric_once_a_day")]

    def __str__(self) -> str:
        return f"{self.name} on {self.day}: {self.count} of {self.total}"
