"""What customers and agents read. A published article is also a Source that answers can come from."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone

from helpdesk.formatting import render_markdown
from helpdesk.models.events import SYSTEM, Event
from helpdesk.models.people import Customer, User

if TYPE_CHECKING:
    from helpdesk.viewers import Viewer


class Audience(models.TextChoices):
    PUBLIC = "public", "Everyone"
    CUSTOMERS = "customers", "Signed-in customers"
    INTERNAL = "internal", "Agents only"


class Category(models.Model):
    class Risk(models.TextChoices):
        NORMAL = "normal", "Normal"
        STRICT = "strict", "Strict: the assistant must be surer"

    name = models.CharField(max_length=80)
    slug = models.SlugField(unique=True)
    description = models.CharField(max_length=200, blank=True)
    icon = models.CharField(max_length=40, default="book-open")
    position = models.PositiveIntegerField(default=0)
    risk = models.CharField(max_length=10, choices=Risk.choices, default=Risk.NORMAL)

    class Meta:
        ordering = ["position", "name"]
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("portal:topic", args=[self.slug])


class ArticleQuerySet(models.QuerySet["Article"]):
    def published(self) -> ArticleQuerySet:
        return self.filter(status=Article.Status.PUBLISHED)

    def visible_to(self, viewer: Viewer) -> ArticleQuerySet:
        from helpdesk.models.search import audiences_of

        if isinstance(viewer, User):
            return self
        return self.published().filter(audience__in=audiences_of(viewer))


class Article(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"
        ARCHIVED = "archived", "Archived"

    slug = models.SlugField(max_length=120, unique=True)
    title = models.CharField(max_length=300)
    summary = models.CharField(max_length=300, blank=True)
    body = models.TextField(help_text="Markdown", blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    audience = models.CharField(max_length=12, choices=Audience.choices, default=Audience.PUBLIC)
    category = models.ForeignKey(Category, null=True, blank=True, on_delete=models.SET_NULL, related_name="articles")
    locale = models.CharField(max_length=12, default="en")
    pages = ArrayField(models.CharField(max_length=200), default=list, blank=True, help_text="Product pages it belongs to")
    author = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    version = models.PositiveIntegerField(default=0, editable=False)
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        ordering = ["category__position", "title"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("portal:article", args=[self.slug])

    @property
    def html(self) -> str:
        return render_markdown(self.body)

    @transaction.atomic
    def publish(self, *, by: User | None = None, at: dt.datetime | None = None) -> Article:
        """Show it as it stands now. Publishing the same text again changes nothing."""
        at = at or timezone.now()
        last = self.versions.order_by("-number").first() if self.pk else None
        unchanged = last is not None and (last.title, last.body) == (self.title, self.body)
        was_live = self.status == self.Status.PUBLISHED and self.published_at is not None
        self.status = self.Status.PUBLISHED
        self.published_at = self.published_at or at
        if not unchanged:
            self.version = (last.number if last else 0) + 1
            self.updated_at = at
        self.save()
        if not unchanged:
            self.versions.create(number=self.version, title=self.title, body=self.body, by=by, at=at)
        self._sync_source(at)
        if not (unchanged and was_live):
            Event.record("article.published", by=by or SYSTEM, at=at, article=self.pk, version=self.version)
        return self

    @transaction.atomic
    def revise(self, *, by: User | None = None, at: dt.datetime | None = None, **fields: Any) -> Article:
        """Change the text; what is published stays published, with a new version."""
        for name in fields.keys() & {"title", "summary", "body", "category", "audience", "pages", "locale"}:
            setattr(self, name, fields[name])
        if self.status == self.Status.PUBLISHED:
            return self.publish(by=by, at=at)
        self.updated_at = at or timezone.now()
        self.save()
        return self

    @transaction.atomic
    def archive(self, *, by: User | None = None, at: dt.datetime | None = None) -> None:
        if self.status == self.Status.ARCHIVED:
            return
        at = at or timezone.now()
        self.status = self.Status.ARCHIVED
        self.save(update_fields=["status"])
        self._sync_source(at)
        Event.record("article.archived", by=by or SYSTEM, at=at, article=self.pk)

    def _sync_source(self, at: dt.datetime) -> None:
        from helpdesk.models.search import Source

        Source.objects.update_or_create(
            article=self,
            defaults={
                "kind": Source.Kind.ARTICLE,
                "title": self.title,
                "body": self.body,
                "path": self.get_absolute_url(),
                "audience": self.audience,
                "category": self.category,
                "locale": self.locale,
                "pages": self.pages,
                "is_live": self.status == self.Status.PUBLISHED,
                "updated_at": self.updated_at,
            },
        )


class ArticleVersion(models.Model):
    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=300)
    body = models.TextField(blank=True)
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["article", "number"], name="article_version")]

    def __str__(self) -> str:
        return f"{self.title} v{self.number}"


class ArticleFeedback(models.Model):
    """Whether an article helped its reader; one voice a reader and article, the last word counts."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="feedback")
    helpful = models.BooleanField()
    comment = models.TextField(blank=True)
    customer = models.ForeignKey(Customer, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    reader = models.CharField(max_length=64, help_text="Hash of the session, or of the customer")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "article feedback"
        constraints = [models.UniqueConstraint(fields=["article", "reader"], name="one_voice_per_reader")]

    def __str__(self) -> str:
        return f"{'Helped' if self.helpful else 'Did not help'}: {self.article_id}"
