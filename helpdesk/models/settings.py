"""What an admin decides for the whole site, in one row."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models


def default_holdout() -> float:
    return float(settings.HOLDOUT_SHARE)


def default_exploration() -> float:
    return float(settings.EXPLORATION_SHARE)


def default_undo() -> int:
    return int(settings.UNDO_SECONDS)


def working_days() -> list[int]:
    return [0, 1, 2, 3, 4]


def here() -> str:
    return settings.TIME_ZONE


def check_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(f"“{name}” is no time zone. Write it as Europe/Berlin or America/New_York.")


class SiteSettings(models.Model):
    company_name = models.CharField(max_length=80, default="Whetstone")
    support_email = models.EmailField(default="support@example.com")
    reply_promise = models.CharField(max_length=80, default="within one working day", help_text="Follows “A person will answer …”.")
    office_days = ArrayField(
        models.PositiveSmallIntegerField(choices=list(enumerate(calendar.day_name))),
        default=working_days,
        blank=True,
        help_text="When people are in.",
    )
    office_opens = models.TimeField(default=dt.time(9))
    office_closes = models.TimeField(default=dt.time(17, 30))
    office_zone = models.CharField("time zone", max_length=60, default=here, validators=[check_zone], help_text="As in Europe/Berlin.")
    assistant_enabled = models.BooleanField(default=True, help_text="Off: every question goes to people.")
    answer_target = models.FloatField(
        default=0.95,
        validators=[MinValueValidator(0.5), MaxValueValidator(0.999)],
        help_text="The share of its answers that must be right.",
    )
    assumed_hours = models.PositiveIntegerField(default=72, help_text="Silence this long after an answer counts as an assumed resolution.")
    came_back_days = models.PositiveIntegerField(default=7, help_text="Coming back on the same matter within this time cancels it.")

    undo_seconds = models.PositiveSmallIntegerField(
        default=default_undo,
        validators=[MaxValueValidator(60)],
        help_text="How long an agent can take a reply back. Until then no customer sees it; 0 sends at once.",
    )

    asks_rating = models.BooleanField(default=True, help_text="Ask customers by mail how they found an answer of your team.")
    rating_hours = models.PositiveIntegerField(default=24, help_text="How long after a question was resolved they are asked.")

    audit_share = models.FloatField(
        default=0.015,
        validators=[MinValueValidator(0.0), MaxValueValidator(0.2)],
        help_text="The share of conversations that agents are asked to judge.",
    )
    holdout_share = models.FloatField(
        default=default_holdout,
        validators=[MinValueValidator(0.0), MaxValueValidator(0.5)],
        help_text="The share of customers who are always served by the frozen day-one assistant: what learning changes is measured against them.",
    )
    exploration_share = models.FloatField(
        default=default_exploration,
        validators=[MinValueValidator(0.0), MaxValueValidator(0.2)],
        help_text="How often an answer that is nearly as likely to help is tried, never where a strict category is near.",
    )

    class Meta:
        verbose_name = verbose_name_plural = "settings"

    def __str__(self) -> str:
        return "Settings"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        super().save(*args, **kwargs)

    @classmethod
    def load(cls) -> SiteSettings:
        return _kept.get() or cls.objects.get_or_create(pk=1)[0]

    @classmethod
    @contextmanager
    def kept(cls) -> Iterator[None]:
        """Read once within this block, for work of thousands of tickets during which nobody changes them."""
        token = _kept.set(cls.load())
        try:
            yield
        finally:
            _kept.reset(token)


_kept: ContextVar[SiteSettings | None] = ContextVar("kept", default=None)
