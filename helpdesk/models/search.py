"""What an answer can come from, and the pieces of it that are searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.utils import timezone
from pgvector.django import HnswIndex, VectorField

from helpdesk.formatting import clean_line, plain
from helpdesk.models.knowledge import Article, Audience, Category
from helpdesk.models.people import Customer, User

if TYPE_CHECKING:
    from helpdesk.viewers import Viewer

DIMENSIONS = 384
NEUTRAL_TITLE = "An answer from our team"


def audiences_of(viewer: Viewer) -> list[str]:
    """What this viewer may read. Unknown viewers get the least."""
    if isinstance(viewer, User):
        return [Audience.PUBLIC, Audience.CUSTOMERS, Audience.INTERNAL]
    if isinstance(viewer, Customer) and not viewer.is_visitor:
        return [Audience.PUBLIC, Audience.CUSTOMERS]
    return [Audience.PUBLIC]


class SourceQuerySet(models.QuerySet["Source"]):
    def visible_to(self, viewer: Viewer) -> SourceQuerySet:
        return self.filter(is_live=True, audience__in=audiences_of(viewer))

    def rankable_for(self, viewer: Viewer) -> SourceQuerySet:
        """What is live, and what is only being tried: for deciding about this viewer's question, never for showing to them."""
        return self.live_or_tried().filter(audience__in=audiences_of(viewer))

    def live_or_tried(self) -> SourceQuerySet:
        return self.filter(models.Q(is_live=True) | ~models.Q(trial=""))


class Source(models.Model):
    """One thing an answer can come from: an article, or a resolution learned from a ticket."""

    class Kind(models.TextChoices):
        ARTICLE = "article", "Article"
        RESOLUTION = "resolution", "Learned"

    class Trial(models.TextChoices):
        SHADOW = "shadow", "Ranked, never served"
        CANARY = "canary", "Served to a few"

    kind = models.CharField(max_length=12, choices=Kind.choices)
    article = models.OneToOneField(Article, null=True, blank=True, on_delete=models.CASCADE, related_name="source")
    title = models.CharField(max_length=300)
    body = models.TextField()
    path = models.CharField(max_length=300, blank=True)
    audience = models.CharField(max_length=12, choices=Audience.choices, default=Audience.PUBLIC)
    category = models.ForeignKey(Category, null=True, blank=True, on_delete=models.SET_NULL, related_name="sources")
    locale = models.CharField(max_length=12, default="en")
    pages = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    is_live = models.BooleanField(default=False)
    updated_at = models.DateTimeField(default=timezone.now)
    suspect_since = models.DateTimeField(null=True, editable=False, help_text="When it may have stopped being right; learning says so")
    is_title_private = models.BooleanField(
        default=False, editable=False, help_text="A customer’s own words, that no agent has approved for others to read"
    )
    trial = models.CharField(max_length=8, choices=Trial.choices, blank=True, editable=False, help_text="Not live yet, and being tried")
    stands_for = models.ForeignKey(
        "self", null=True, editable=False, on_delete=models.SET_NULL, related_name="+", help_text="What took its place and has its outcomes"
    )
    tsv = models.GeneratedField(
        expression=SearchVector("title", weight="A", config="english") + SearchVector("body", weight="C", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    objects = SourceQuerySet.as_manager()

    class Meta:
        indexes = [
            GinIndex(fields=["tsv"], name="source_tsv"),
            models.Index(fields=["audience"], condition=models.Q(is_live=True), name="source_live"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def public_title(self) -> str:
        """What customers read over it."""
        return NEUTRAL_TITLE if self.is_title_private else self.title

    @property
    def public_label(self) -> str:
        """What tells it from others, for customers: where the title is not theirs to read, how the answer begins. An agent wrote that."""
        return clean_line(plain(self.body), limit=80) or NEUTRAL_TITLE if self.is_title_private else self.title

    @property
    def is_strict(self) -> bool:
        return self.category is not None and self.category.risk == Category.Risk.STRICT


class Chunk(models.Model):
    """A passage of a source. `vector` is empty until the embedder has seen it; full text finds it at once."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="chunks")
    position = models.PositiveIntegerField()
    heading = models.CharField(max_length=300, blank=True)
    text = models.TextField()
    vector = VectorField(dimensions=DIMENSIONS, null=True)
    tsv = models.GeneratedField(
        expression=SearchVector("heading", weight="A", config="english") + SearchVector("text", weight="B", config="english"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "position"], name="chunk_position")]
        indexes = [
            GinIndex(fields=["tsv"], name="chunk_tsv"),
            HnswIndex(fields=["vector"], opclasses=["vector_cosine_ops"], name="chunk_vector"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id}.{self.position}"
