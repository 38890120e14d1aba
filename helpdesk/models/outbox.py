"""Everything that leaves the machine waits here: written with the change that caused it, sent by a worker."""

from __future__ import annotations

import datetime as dt
import random
from functools import partial
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from helpdesk.signals import outbox_filled

LAST_ATTEMPT = 12


class OutboxQuerySet(models.QuerySet["Outbox"]):
    def due(self, at: dt.datetime) -> OutboxQuerySet:
        return self.filter(state__in=[Outbox.State.PENDING, Outbox.State.FAILED], next_at__lte=at)


class Outbox(models.Model):
    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed, will try again"
        DEAD = "dead", "Given up"
        SKIPPED = "skipped", "Not needed any more"

    kind = models.CharField(max_length=40)
    to = models.CharField(max_length=255)
    payload = models.JSONField(default=dict)
    message = models.ForeignKey(
        "helpdesk.Message", null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="deliveries"
    )
    idempotency_key = models.CharField(max_length=120, unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = OutboxQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "outbox"
        indexes = [
            models.Index(fields=["next_at"], condition=models.Q(state__in=["pending", "failed"]), name="outbox_due"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.to}"

    @classmethod
    def enqueue(
        cls, kind: str, *, to: str, payload: dict[str, Any], key: str, at: dt.datetime | None = None, message: int | None = None
    ) -> Outbox:
        """Idempotent by `key`: the same mail is never queued twice. `message`: what it delivers."""
        told = {"kind": kind, "to": to, "payload": payload, "next_at": at or timezone.now(), "message_id": message}
        row, created = cls.objects.get_or_create(idempotency_key=key, defaults=told)
        if created:
            transaction.on_commit(partial(outbox_filled.send_robust, sender=cls, outbox_id=row.pk, message_id=message))
        return row

    def mark_sent(self, at: dt.datetime) -> None:
        self.state, self.sent_at, self.last_error = self.State.SENT, at, ""
        self.attempts += 1
        self.save(update_fields=["state", "sent_at", "last_error", "attempts"])

    def mark_skipped(self, at: dt.datetime) -> None:
        self.state, self.sent_at, self.last_error = self.State.SKIPPED, at, ""
        self.save(update_fields=["state", "sent_at", "last_error"])

    def mark_failed(self, error: str, at: dt.datetime) -> None:
        """Back off by doubling up to an hour, with full jitter so that a returning peer is not stormed."""
        self.attempts += 1
        self.state = self.State.DEAD if self.attempts >= LAST_ATTEMPT else self.State.FAILED
        ceiling = min(3600, 5 * 2**self.attempts)
        self.next_at = at + dt.timedelta(seconds=random.uniform(ceiling / 2, ceiling))
        self.last_error = error[:2000]
        self.save(update_fields=["attempts", "state", "next_at", "last_error"])

    @property
    def has_failed(self) -> bool:
        return self.state in {self.State.FAILED, self.State.DEAD}

    def retry(self) -> None:
        """By hand: try again now, also what was given up or already sent."""
        self.state, self.attempts, self.next_at = self.State.PENDING, 0, timezone.now()
        self.save(update_fields=["state", "attempts", "next_at"])
        transaction.on_commit(partial(outbox_filled.send_robust, sender=Outbox, outbox_id=self.pk, message_id=self.message_id))
