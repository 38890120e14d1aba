"""How a customer found the help they got, once it was over."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

COMMENT_LIMIT = 2_000


class Rating(models.Model):
    class Score(models.IntegerChoices):
        BAD = 1, "Bad"
        POOR = 2, "Poor"
        FAIR = 3, "Fair"
        GOOD = 4, "Good"
        GREAT = 5, "Great"

    ticket = models.OneToOneField("helpdesk.Ticket", on_delete=models.CASCADE, related_name="rating")
    customer = models.ForeignKey("helpdesk.Customer", on_delete=models.CASCADE, related_name="ratings")
    score = models.PositiveSmallIntegerField(choices=Score.choices, validators=[MinValueValidator(1), MaxValueValidator(5)])
    comment = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(score__range=(1, 5)), name="rating_one_to_five")]
        indexes = [models.Index(fields=["customer", "at"], name="rating_customer")]

    def __str__(self) -> str:
        return f"{self.score} of 5 for #{self.ticket_id}"
