"""What is remembered of one question: which source, how sure we are that it was right, and where it was asked."""

from __future__ import annotations

from django.db import models
from pgvector.django import HnswIndex, VectorField

from helpdesk.models import Source
from learning.models.decision import DIMENSIONS, Decision

DOUBTED = 0.15  # what an episode of a suspect source counts for that is from before the change


class Episode(models.Model):
    """Follows from the signals in force on its decision, and is written anew whenever these change."""

    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, related_name="episodes")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="episodes")
    vector = VectorField(dimensions=DIMENSIONS)
    credit = models.FloatField(help_text="2 P(right) - 1, in [-1, 1]; 0 has no influence")
    page = models.CharField(max_length=200, blank=True)
    segment = models.JSONField(default=dict)
    account = models.CharField(max_length=24, help_text="Whose word it is: an organisation, a customer, or an agent's")
    by_agent = models.BooleanField(default=False, help_text="Demonstrated or audited: not subject to the cap on an account's influence")
    trust = models.FloatField(default=1.0, help_text="What its credit counts for: less once its source is suspect of having changed since")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["decision", "source"], name="episode_once")]
        indexes = [HnswIndex(fields=["vector"], opclasses=["vector_cosine_ops"], name="episode_vector")]

    def __str__(self) -> str:
        return f"{self.credit:+.2f} for source {self.source_id}"
