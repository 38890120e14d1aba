"""The weights in use. Each refit is a new row, admitted by the gate or not; going back is one click, or none when harm is seen."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import models, transaction

from helpdesk.models import Event, User
from helpdesk.models.events import SYSTEM

FORGOTTEN = "Replaced because something had to be forgotten."


class PolicyQuerySet(models.QuerySet["Policy"]):
    def live(self) -> PolicyQuerySet:
        return self.filter(state=Policy.State.LIVE)

    def in_use(self) -> Policy | None:
        """The newest that is live; None: as shipped."""
        return self.live().order_by("-pk").first()

    def standing(self) -> PolicyQuerySet:
        """Live or on trial."""
        return self.exclude(state__in=[Policy.State.REJECTED, Policy.State.RETIRED])

    def on_trial(self) -> Policy | None:
        """At most one: nothing is fitted while one is."""
        return self.filter(state__in=[Policy.State.SHADOW, Policy.State.CANARY]).order_by("-pk").first()

    def restorable(self) -> Policy | None:
        """The newest of all that ever served everybody, where an admin has taken it back. What was replaced because of what it holds never is."""
        newest = self.filter(state__in=[Policy.State.LIVE, Policy.State.RETIRED]).order_by("-pk").first()
        return newest if newest and newest.state == Policy.State.RETIRED and newest.retired_by_id and not newest.is_forgotten else None

    def forget(self, *, at: dt.datetime) -> None:
        """None of those there are decides any more, and there is no way back to them."""
        gone: list[Policy] = list(self.exclude(state=Policy.State.REJECTED).exclude(retired_at__isnull=False).only("reasons"))
        for each in gone:
            each.state, each.retired_at, each.reasons = Policy.State.RETIRED, at, [*each.reasons, FORGOTTEN]
        Policy.objects.bulk_update(gone, ["state", "retired_at", "reasons"], batch_size=100)


class Policy(models.Model):
    class State(models.TextChoices):
        SHADOW = "shadow", "In the shadow"
        CANARY = "canary", "On trial"
        LIVE = "live", "Admitted"
        REJECTED = "rejected", "Not admitted"
        RETIRED = "retired", "Taken back"

    version = models.CharField(max_length=40, unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.LIVE)
    share = models.FloatField(default=1.0, help_text="Of customers whom it serves: below 1 while it is on trial")
    weights = models.JSONField(help_text="Calibration, thresholds and page statistics")
    head = models.BinaryField(null=True, help_text="The logistic head: source ids and float32 weights, as .npz")
    evidence = models.JSONField(default=dict, help_text="What it was fitted on, and how it does")
    reasons = models.JSONField(
        default=list, help_text="Why the gate let it through or did not, how its trial went, and why it was taken back: sentences"
    )
    before = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+", help_text="In use when it was fitted")
    at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)
    retired_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "policies"
        ordering = ["-id"]
        indexes = [models.Index(fields=["state", "-id"], name="policy_state")]

    def __str__(self) -> str:
        return self.version

    @property
    def is_forgotten(self) -> bool:
        """Nobody took it back: what it was fitted on had to be forgotten."""
        return self.state == self.State.RETIRED and self.reasons[-1:] == [FORGOTTEN]

    @property
    def standing_in_words(self) -> str:
        return FORGOTTEN.removesuffix(".") if self.is_forgotten else self.get_state_display()

    @property
    def told(self) -> list[tuple[str, list[str]]]:
        """Why it stands where it does: headings, and the sentences under each. The last one of what is over says why."""
        if self.state != self.State.RETIRED or not self.reasons:
            return [(f"Why it was {'not ' if self.state == self.State.REJECTED else ''}let through", self.reasons)]
        heading = "Why it was replaced" if self.is_forgotten else "Why it was taken back"
        return [(heading, self.reasons[-1:]), ("Why it had been let through", self.reasons[:-1])]

    @transaction.atomic
    def widen(self, share: float, *, because: str, at: dt.datetime) -> bool:
        """Serve a share of customers from now on, with 1 all of them. False when its trial was over already."""
        state = self.State.LIVE if share >= 1 else self.State.CANARY
        if not self._leave_trial(state, because, share=share):
            return False
        Event.record("policy.widened", by=SYSTEM, at=at, policy=self.pk, version=self.version, share=share, because=because)
        return True

    @transaction.atomic
    def turn_away(self, *, because: str, at: dt.datetime, by: User | None = None) -> bool:
        """End its trial: it serves nobody. False when its trial was over already."""
        if not self._leave_trial(self.State.REJECTED, because, share=0.0, retired_at=at, retired_by=by):
            return False
        Event.record("policy.turned_away", by=by or SYSTEM, at=at, policy=self.pk, version=self.version, because=because)
        return True

    def _leave_trial(self, state: str, because: str, **fields: Any) -> bool:
        row = Policy.objects.select_for_update().get(pk=self.pk)
        if row.state not in {self.State.SHADOW, self.State.CANARY}:
            return False
        Policy.objects.filter(pk=self.pk).update(state=state, reasons=[*row.reasons, because], **fields)
        self.refresh_from_db()
        return True

    @transaction.atomic
    def take_back(self, *, because: str, at: dt.datetime, by: User | None = None) -> bool:
        """From now on the one before it decides. False when it was not in use any more."""
        taken = Policy.objects.live().filter(pk=self.pk).update(state=Policy.State.RETIRED, retired_at=at, retired_by=by)
        if not taken:
            return False
        self.refresh_from_db()
        self.reasons = [*self.reasons, because]
        self.save(update_fields=["reasons"])
        Event.record("policy.taken_back", by=by or SYSTEM, at=at, policy=self.pk, version=self.version, because=because)
        return True

    @transaction.atomic
    def restore(self, *, by: User, at: dt.datetime) -> bool:
        """It decides again. False when that is not possible any more: see `restorable`."""
        row = Policy.objects.select_for_update().get(pk=self.pk)
        if Policy.objects.restorable() != row:
            return False
        row.state, row.retired_at, row.retired_by = self.State.LIVE, None, None
        row.reasons = [*row.reasons, f"Put in use again by {by.name}."]
        row.save(update_fields=["state", "retired_at", "retired_by", "reasons"])
        self.refresh_from_db()
        Event.record("policy.restored", by=by, at=at, policy=self.pk, version=self.version)
        return True
