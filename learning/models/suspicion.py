"""A source that may no longer be right: since when, what came of it, and how it ended."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse

from helpdesk.models import Event, Source, User
from helpdesk.models.events import SYSTEM
from learning.models.episode import DOUBTED, Episode

if TYPE_CHECKING:
    from helpdesk.viewers import Viewer


@dataclass(frozen=True)
class Grounds:
    """Why a source is suspect: since when it most likely was wrong, log of what betting on that had earned, and what was expected and came of the questions since."""

    since: dt.datetime
    evidence: float
    confidence: float
    belief: float
    questions: int


class SuspicionQuerySet(models.QuerySet["Suspicion"]):
    def visible_to(self, viewer: Viewer) -> SuspicionQuerySet:
        """All agents, as with the articles themselves. Which of its tickets they see is another question."""
        return self if isinstance(viewer, User) else self.none()

    def open(self) -> SuspicionQuerySet:
        return self.filter(state=Suspicion.State.OPEN)

    def standing(self) -> SuspicionQuerySet:
        return self.filter(state__in=STANDING)

    def cleared(self) -> SuspicionQuerySet:
        return self.filter(state=Suspicion.State.CLEARED)


class Suspicion(models.Model):
    class State(models.TextChoices):
        OPEN = "open", "Suspect"
        TESTING = "testing", "Changed, being tested"
        CLEARED = "cleared", "Cleared"

    class How(models.TextChoices):
        STILL_RIGHT = "still_right", "An agent says it is still right"
        EVIDENCE = "evidence", "It solved such questions again"
        WITHDRAWN = "withdrawn", "What spoke against it no longer counts"
        GONE = "gone", "It is not served any more"

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="suspicions")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    since = models.DateTimeField(help_text="When it most likely stopped being right")
    raised_at = models.DateTimeField()
    evidence = models.FloatField(help_text="Log of what betting on a change had earned when it was raised")
    confidence = models.FloatField(default=0, help_text="How sure the assistant had been of it, on average, where it missed since")
    belief = models.FloatField(default=0, help_text="How likely it was right on these, all signals considered")
    questions = models.PositiveIntegerField(default=0, help_text="How many these were when it was raised")
    counted_from = models.DateTimeField(null=True, help_text="What was decided before says nothing: an agent had called it right then")
    revised_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    how = models.CharField(max_length=12, choices=How.choices, blank=True)

    objects = SuspicionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["source"], condition=Q(state__in=["open", "testing"]), name="suspected_once")]
        indexes = [models.Index(fields=["source", "-id"], name="suspicion_source")]

    def __str__(self) -> str:
        return f"{self.source_id}: {self.state}"

    def get_absolute_url(self) -> str:
        return reverse("learning:suspicion", args=[self.pk])

    @property
    def expected(self) -> int:
        return round(100 * self.confidence)

    @property
    def came_to(self) -> int:
        return round(100 * self.belief)

    @property
    def months(self) -> int:
        """Between two false suspicions of a source with as much evidence, at least."""
        return int(min(math.exp(self.evidence), 9_999))

    @property
    def reset_at(self) -> dt.datetime | None:
        """From when on decisions say something of the source, after this suspicion."""
        return self.closed_at if self.how == self.How.STILL_RIGHT else self.counted_from

    # --- Verbs. Each is idempotent, one transaction, and writes its Event. ---

    @classmethod
    @transaction.atomic
    def suspect(cls, source_id: int, *, grounds: Grounds, counted_from: dt.datetime | None, at: dt.datetime) -> Suspicion:
        """From now on its confidence is lower, and what spoke for it before counts for little."""
        defaults = {**vars(grounds), "raised_at": at, "counted_from": counted_from}
        found, is_new = cls.objects.standing().get_or_create(source_id=source_id, defaults=defaults)
        if is_new or found._move(cls.State.OPEN, **vars(grounds)):
            found._doubt(grounds.since)
            found._record("source.suspected", by=SYSTEM, at=at)
        return found

    @transaction.atomic
    def still_right(self, *, by: User, at: dt.datetime) -> bool:
        """An agent has looked: it is right as it stands. What was decided before is not held against it again."""
        return self._close(self.How.STILL_RIGHT, by=by, at=at)

    @transaction.atomic
    def clear(self, how: str, *, at: dt.datetime) -> bool:
        return self._close(how, by=None, at=at)

    @transaction.atomic
    def retest(self, *, at: dt.datetime) -> bool:
        """It was changed: it is served as before, and watched more closely until outcomes say whether that helped."""
        if not self._move(self.State.TESTING, revised_at=at):
            return False
        self._doubt(None)
        self._record("source.retested", by=SYSTEM, at=at)
        return True

    def _close(self, how: str, *, by: User | None, at: dt.datetime) -> bool:
        if not self._move(self.State.CLEARED, how=how, closed_at=at, closed_by=by):
            return False
        self._doubt(None)
        self._record("source.cleared", by=by or SYSTEM, at=at, how=how)
        return True

    def _move(self, state: str, **fields: Any) -> bool:
        standing = Suspicion.objects.standing().filter(pk=self.pk).exclude(state=state)
        if not standing.update(state=state, **fields):
            return False
        self.refresh_from_db()
        return True

    def _doubt(self, since: dt.datetime | None) -> None:
        Source.objects.filter(pk=self.source_id).update(suspect_since=since)
        episodes = Episode.objects.filter(source=self.source_id)
        episodes.exclude(trust=1.0).update(trust=1.0)
        if since:
            episodes.filter(at__lt=since).update(trust=DOUBTED)

    def _record(self, verb: str, **fields: Any) -> None:
        Event.record(verb, suspicion=self.pk, source=self.source_id, **fields)


STANDING = (Suspicion.State.OPEN, Suspicion.State.TESTING)
