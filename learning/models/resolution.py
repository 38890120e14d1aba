"""A question and its answer, learned from a ticket that people solved, and its life. It is served through its Source."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.db.models import Q

from helpdesk.models import Article, Audience, Event, Message, Source, Ticket, User
from helpdesk.models.events import SYSTEM
from learning.models.gap import free_slug

if TYPE_CHECKING:
    from helpdesk.viewers import Viewer


FORGOTTEN = "Its customer was unlearned"


class ResolutionQuerySet(models.QuerySet["LearnedResolution"]):
    def visible_to(self, viewer: Viewer) -> ResolutionQuerySet:
        """Agents; of private teams' tickets only who may see the ticket."""
        if not isinstance(viewer, User):
            return self.none()
        return self.remembered().filter(Q(ticket=None) | Q(ticket__in=Ticket.objects.visible_to(viewer)))

    def standing(self) -> ResolutionQuerySet:
        return self.exclude(state=LearnedResolution.State.RETIRED)

    def remembered(self) -> ResolutionQuerySet:
        """Without those whose customer was unlearned: they say nothing any more."""
        return self.exclude(retired_because=FORGOTTEN)


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
    was = models.CharField(max_length=10, choices=State.choices, blank=True, help_text="Before an agent changed it, or it was retired")
    held_because = models.CharField(max_length=200, blank=True, help_text="What the filter found")
    retired_because = models.CharField(max_length=200, blank=True)
    ticket = models.ForeignKey(Ticket, null=True, on_delete=models.SET_NULL, related_name="+")
    message = models.ForeignKey(Message, null=True, on_delete=models.SET_NULL, related_name="+")
    taught_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    accounts = models.PositiveIntegerField(default=0, help_text="Distinct accounts it has helped, besides the one it was learned from")
    failed = models.PositiveIntegerField(default=0, help_text="Distinct accounts it has failed")
    judged_from = models.DateTimeField(null=True, help_text="What came of it before counts neither way: an agent stood up for it")
    live_at = models.DateTimeField(null=True)
    replaced_by = models.ForeignKey(Source, null=True, on_delete=models.SET_NULL, related_name="replaces")
    article = models.ForeignKey(Article, null=True, on_delete=models.SET_NULL, related_name="+", help_text="That is to take its place")
    at = models.DateTimeField()

    objects = ResolutionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["state", "-id"], name="resolution_state")]

    def __str__(self) -> str:
        return self.question[:80] or self.retired_because

    @property
    def is_retired(self) -> bool:
        return self.state == self.State.RETIRED

    @property
    def is_forgotten(self) -> bool:
        """Its customer was unlearned: nobody brings it back."""
        return self.is_retired and self.retired_because == FORGOTTEN

    # --- Verbs. Each is idempotent, one transaction, and writes its Event. ---

    def shadow(self, *, by: User | None = None, at: dt.datetime, despite: str = "") -> bool:
        """Ranked like the others, and shown to nobody: it passed the filter, or an agent wants to see how it does."""
        return self._move(self.State.SHADOW, "resolution.shadowed", {self.State.DRAFT}, by=by, at=at, despite=despite)

    def serve_to_a_few(self, *, at: dt.datetime) -> bool:
        """It would have helped."""
        return self._move(self.State.CANARY, "resolution.canaried", {self.State.SHADOW}, at=at, was="")

    def prove(self, *, at: dt.datetime) -> bool:
        """It has helped enough: live, without an agent's word."""
        return self._move(self.State.LIVE, "resolution.proven", {self.State.SHADOW, self.State.CANARY}, at=at, live_at=at, was="")

    def approve(self, *, by: User | None = None, at: dt.datetime, despite: str = "") -> bool:
        """An agent's word, `despite` what the filter found. What spoke against it so far is not held against it again."""
        before = {self.State.DRAFT, self.State.SHADOW, self.State.CANARY, self.State.RETIRED}
        stands = {"judged_from": at} if self.is_retired else {}
        return self._move(
            self.State.LIVE, "resolution.approved", before, by=by, at=at, despite=despite, live_at=at, retired_because="", **stands
        )

    @transaction.atomic
    def approve_title(self, *, by: User, at: dt.datetime) -> bool:
        """An agent has read the question, and lets customers read it over the answer. Until then they read no word of another customer's."""
        self._lock()
        if not self.source.is_title_private or self.is_forgotten:
            return False
        self._keep_title_private(False)
        Event.record("resolution.title_approved", by=by, at=at, ticket=self.ticket, resolution=self.pk, source=self.source_id)
        return True

    def retire(self, because: str = "", *, by: User | None = None, at: dt.datetime) -> bool:
        """Nobody is served it any more; what it was credited with stays."""
        before = set(self.State) - {self.State.RETIRED}
        return self._move(self.State.RETIRED, "resolution.retired", before, by=by, at=at, retired_because=because[:200])

    def undo(self, *, by: User | None = None, at: dt.datetime) -> bool:
        """Back to where it was before it was approved or retired. What failed it meanwhile is not held against it again."""
        if not self.was:
            return False
        if self.state == self.State.LIVE:
            self._keep_title_private(True)
        values: dict[str, Any] = {"was": "", "retired_because": "", "judged_from": at if self.is_retired else self.judged_from}
        return self._move(self.State(self.was), "resolution.undone", {self.State(self.state)}, by=by, at=at, **values)

    def begin_again(self, *, at: dt.datetime) -> bool:
        """Who had approved it was unlearned: it has to prove itself, unseen; before an agent, where the filter holds it."""
        self._keep_title_private(True)
        state = self.State.DRAFT if self.held_because else self.State.SHADOW
        return self._move(state, "resolution.begun_again", {self.State.CANARY, self.State.LIVE}, at=at, was="", live_at=None)

    @transaction.atomic
    def forget(self, *, at: dt.datetime) -> None:
        """Its customer was unlearned, and nobody else had taught it: it is not served, says nothing, and does not come back."""
        self.retire(FORGOTTEN, at=at)
        self._lock()
        self.question = self.answer = self.held_because = self.was = ""
        self.retired_because, self.taught_by = FORGOTTEN, None
        self.save(update_fields=["question", "answer", "held_because", "was", "retired_because", "taught_by"])
        Source.objects.filter(pk=self.source_id).update(title=FORGOTTEN, body="", pages=[], is_live=False, trial="", updated_at=at)
        self.source.chunks.all().delete()

    @transaction.atomic
    def write_article(self, *, by: User, at: dt.datetime) -> Article:
        """An article that nobody reads yet, with the answer as its draft. Asked twice, it is the same one."""
        self._lock()
        if self.article is not None:
            return self.article
        self.article = Article.objects.create(
            slug=free_slug(self.source.title),
            title=self.source.title[:200],
            body=self.answer,
            audience=Audience.CUSTOMERS,
            category_id=self.source.category_id,
            pages=self.source.pages,
            author=by,
            updated_at=at,
        )
        self.save(update_fields=["article"])
        Event.record("resolution.drafted", by=by, at=at, ticket=self.ticket, resolution=self.pk, article=self.article.pk)
        return self.article

    @transaction.atomic
    def _move(
        self, state: State, verb: str, before: set[State], *, by: User | None = None, at: dt.datetime, despite: str = "", **values: Any
    ) -> bool:
        self._lock()
        if self.state not in before or self.replaced_by_id is not None or self.is_forgotten:
            return False
        told = {"resolution": self.pk, "source": self.source_id, "was": self.state}
        changed = {"was": self.state, "state": state, **values}
        for name, value in changed.items():
            setattr(self, name, value)
        self.save(update_fields=[*changed])
        self._serve(at)
        said = {"because": self.retired_because, "despite": despite}
        Event.record(verb, by=by or SYSTEM, at=at, ticket=self.ticket, **told, **{key: text for key, text in said.items() if text})
        return True

    def _serve(self, at: dt.datetime) -> None:
        """As its source says it to search: one row, so that a turn reads nothing more."""
        trial = self.state if self.state in Source.Trial.values else ""
        Source.objects.filter(pk=self.source_id).update(is_live=self.state == self.State.LIVE, trial=trial, updated_at=at)
        self.source.is_live, self.source.trial, self.source.updated_at = self.state == self.State.LIVE, trial, at

    def _keep_title_private(self, is_private: bool) -> None:
        Source.objects.filter(pk=self.source_id).update(is_title_private=is_private)
        self.source.is_title_private = is_private

    def _lock(self) -> None:
        self.refresh_from_db(
            from_queryset=LearnedResolution.objects.select_for_update(of=("self",)).select_related("source", "ticket", "article")
        )
