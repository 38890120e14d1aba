"""What customers keep asking and no article answers; and each question of it, with what came of it."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.db.models import Count, Q
from django.urls import reverse
from django.utils.text import slugify
from pgvector.django import VectorField

from helpdesk.models import Article, Audience, Customer, Event, Ticket, User
from helpdesk.models.events import SYSTEM
from learning.models.decision import DIMENSIONS, Decision

if TYPE_CHECKING:
    from helpdesk.viewers import Viewer


class Stale(Exception):
    """Somebody else has changed the draft since."""


class GapQuerySet(models.QuerySet["Gap"]):
    def visible_to(self, viewer: Viewer) -> GapQuerySet:
        """All agents: what is missing is nobody's secret. Which of its tickets they see is another question."""
        return self if isinstance(viewer, User) else self.none()

    def ranked(self) -> GapQuerySet:
        """Those that somebody can do something about, by what an article should bring."""
        return self.filter(state__in=Gap.UNWRITTEN).order_by("-expected", "pk")

    def written(self) -> GapQuerySet:
        """Those whose article is out, and watched."""
        return self.filter(state__in=[Gap.State.PUBLISHED, Gap.State.CLOSED], article__isnull=False)


class Gap(models.Model):
    class State(models.TextChoices):
        OPEN = "open", "No article"
        DRAFTED = "drafted", "Being written"
        PUBLISHED = "published", "Published, on trial"
        CLOSED = "closed", "Closed"
        DISMISSED = "dismissed", "Dismissed"

    UNWRITTEN = ("open", "drafted")

    title = models.CharField(max_length=200)
    terms = models.JSONField(default=list, help_text="What its questions have in common and others have not")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    middle = VectorField(dimensions=DIMENSIONS, help_text="Mean of its questions, not of unit length")
    customers = models.PositiveIntegerField(default=0)
    lift = models.FloatField(default=0, help_text="Share of its questions that an article should answer and nothing answers now")
    expected = models.FloatField(default=0, help_text="Customers x lift")
    facts = models.JSONField(default=dict, help_text="Examples, agents' answers, and what the lift comes from")
    draft_title = models.CharField(max_length=200, blank=True)
    draft_body = models.TextField(blank=True)
    edited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", help_text="Who changed the draft last")
    article = models.ForeignKey(Article, null=True, on_delete=models.SET_NULL, related_name="+")
    tested = models.JSONField(default=dict, help_text="Its questions put to the present ranker: how many it would answer")
    trial = models.JSONField(default=dict, help_text="What came of later questions")

    objects = GapQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["-expected", "id"], condition=Q(state__in=["open", "drafted"]), name="gap_ranked"),
            models.Index(fields=["state"], name="gap_state"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("learning:gap", args=[self.pk])

    @property
    def is_unwritten(self) -> bool:
        return self.state in self.UNWRITTEN

    @property
    def own(self) -> models.QuerySet[GapQuestion]:
        """Its questions without those that came once its article was out."""
        return self.questions.filter(is_later=False)

    @property
    def draft_mark(self) -> str:
        """Another one whenever an agent has changed the draft; empty while nobody has, so that drafting it anew is in nobody's way."""
        return hashlib.sha256(f"{self.draft_title}\0{self.draft_body}".encode()).hexdigest()[:16] if self.edited_by_id else ""

    def count(self) -> None:
        """How many asked; not saved."""
        found = self.own.aggregate(questions=Count("pk"), customers=Count("customer", distinct=True))
        self.customers, self.facts = found["customers"], {**self.facts, "questions": found["questions"]}
        self.expected = round(self.customers * self.lift, 4)

    # --- Verbs. Each is idempotent, one transaction, and writes its Event. ---

    @transaction.atomic
    def edit(self, title: str, body: str, *, by: User, at: dt.datetime, mark: str | None = None) -> bool:
        """An agent's own words for the draft; from then on it is not drafted over.

        `mark`: of the draft that these words were put in place of. Raises Stale when another agent has changed it since, or made an article of
        it, and saves nothing.
        """
        self._lock()
        title, body = title.strip()[:200], body.replace("\r\n", "\n").strip()  # as browsers send lines
        if (self.draft_title, self.draft_body) == (title, body):
            return False
        if mark is not None and (mark != self.draft_mark or self.article is not None or not self.is_unwritten):
            raise Stale
        if not self.is_unwritten:
            return False
        self.draft_title, self.draft_body, self.edited_by = title, body, by
        self.save(update_fields=["draft_title", "draft_body", "edited_by"])
        Event.record("gap.edited", by=by, at=at, gap=self.pk)
        return True

    @transaction.atomic
    def write_article(self, *, by: User, at: dt.datetime) -> Article:
        """The draft as an article that nobody reads yet, in the editor of articles. Asked twice, it is the same one."""
        self._lock()
        if self.article is not None:
            return self.article
        title = self.draft_title or self.title
        self.article = Article.objects.create(
            slug=free_slug(title),
            title=title,
            summary=self.title if self.title != title else "",
            body=self.draft_body,
            audience=Audience.CUSTOMERS,
            category_id=self.facts.get("category"),
            pages=[page for page, _ in self.facts.get("pages", [])][:3],
            author=by,
            updated_at=at,
        )
        self.state = self.State.DRAFTED
        self.save(update_fields=["article", "state"])
        Event.record("gap.drafted", by=by, at=at, gap=self.pk, article=self.article.pk)
        return self.article

    @transaction.atomic
    def publish(self, *, at: dt.datetime) -> bool:
        """Its article is out. What later questions come to decides whether that was enough."""
        self._lock()
        if self.state not in self.UNWRITTEN or self.article is None:
            return False
        self.state, self.published_at, self.trial = self.State.PUBLISHED, at, {}
        self.save(update_fields=["state", "published_at", "trial"])
        Event.record("gap.published", by=SYSTEM, at=at, gap=self.pk, article=self.article.pk)
        return True

    @transaction.atomic
    def close(self, trial: dict[str, Any], *, at: dt.datetime) -> bool:
        """By evidence: later questions were answered by the article, and that held."""
        self._lock()
        if self.state != self.State.PUBLISHED:
            return False
        self.state, self.closed_at, self.trial = self.State.CLOSED, at, trial
        self.save(update_fields=["state", "closed_at", "trial"])
        Event.record("gap.closed", by=SYSTEM, at=at, gap=self.pk, **trial)
        return True

    @transaction.atomic
    def reopen(self, because: str, *, by: User | None = None, at: dt.datetime) -> bool:
        """The article did not do, or is gone, or an agent wants it looked at again."""
        self._lock()
        if self.is_unwritten:
            return False
        self.state = self.State.DRAFTED if self.article is not None else self.State.OPEN
        self.closed_at = None
        self.save(update_fields=["state", "closed_at"])
        Event.record("gap.reopened", by=by or SYSTEM, at=at, gap=self.pk, because=because)
        return True

    @transaction.atomic
    def dismiss(self, *, by: User, at: dt.datetime) -> bool:
        """Nothing to write about. Its questions go on joining it, so that it does not come up again under another name."""
        self._lock()
        if not self.is_unwritten:
            return False
        self.state, self.closed_at = self.State.DISMISSED, at
        self.save(update_fields=["state", "closed_at"])
        Event.record("gap.dismissed", by=by, at=at, gap=self.pk)
        return True

    @transaction.atomic
    def leave_out(self, ticket: Ticket, *, by: User, at: dt.datetime) -> bool:
        """This question is about something else. It joins no other gap by itself either."""
        left = self.questions.filter(ticket=ticket).update(gap=None, is_apart=True)
        if left:
            self._lock()
            self.count()
            kept = {name: [pk for pk in self.tested.get(name, []) if pk != ticket.pk] for name in ("asked", "tickets")}
            if "asked" in self.tested:
                self.tested = {**self.tested, **kept, "of": len(kept["asked"]), "now": len(kept["tickets"])}
            self.save(update_fields=["customers", "facts", "expected", "tested"])
            Event.record("gap.left", by=by, at=at, gap=self.pk, left=ticket.pk)
        return bool(left)

    def _lock(self) -> None:
        self.refresh_from_db(from_queryset=Gap.objects.select_for_update(of=("self",)).select_related("article"))


class GapQuestion(models.Model):
    """A question that no article answered, or, once there is one, what came of it."""

    class Kind(models.TextChoices):
        HANDED_OFF = "handed_off", "Handed off"
        FAILED = "failed", "Answered, and that failed"
        PEOPLE = "people", "Solved by people, in their own words"
        TAUGHT = "taught", "Answered from what people had taught"
        ANSWERED = "answered", "Answered by the article"

    gap = models.ForeignKey(Gap, null=True, on_delete=models.SET_NULL, related_name="questions")
    decision = models.OneToOneField(Decision, on_delete=models.CASCADE, related_name="+")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="gap_questions")
    customer = models.ForeignKey(Customer, null=True, on_delete=models.SET_NULL, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    is_later = models.BooleanField(default=False, help_text="Asked when the article was out: it is on trial with this one")
    is_apart = models.BooleanField(default=False, help_text="An agent took it out")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["gap", "at"], name="gapquestion_gap"),
            models.Index(fields=["-at"], condition=Q(gap=None, is_apart=False), name="gapquestion_loose"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: #{self.ticket_id}"


def free_slug(title: str) -> str:
    """For a new article."""
    stem = slugify(title)[:100].strip("-") or "article"
    taken = set(Article.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    return next(slug for n in range(1, len(taken) + 2) if (slug := stem if n == 1 else f"{stem}-{n}") not in taken)
