from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest

from helpdesk.access import AgentRequest
from helpdesk.admin.confirm import confirmed
from helpdesk.models import Article, ArticleFeedback, ArticleVersion, Category, Rating, User


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    list_display = ["name", "position", "risk", "published"]
    list_editable = ["position"]
    list_filter = ["risk"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        return super().get_queryset(request).annotate(published=Count("articles", filter=Q(articles__status="published")))

    @admin.display(ordering="published")
    def published(self, category: Any) -> int:
        return category.published


class VersionInline(admin.TabularInline):
    model = ArticleVersion
    fields = ["number", "title", "by", "at"]
    readonly_fields = ["number", "title", "by", "at"]
    extra = 0
    can_delete = False
    show_change_link = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ArticleVersion]:
        return super().get_queryset(request).select_related("by")

    def has_add_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False


@confirmed("Publish", "Readers see them, and the assistant answers from them.", "Published")
def publish(request: AgentRequest, article: Article) -> None:
    article.publish(by=request.user)


@confirmed("Archive", "Readers get a page-not-found, and the assistant stops answering from them.", "Archived")
def archive(request: AgentRequest, article: Article) -> None:
    article.archive(by=request.user)


@admin.register(Article)
class ArticleAdmin(admin.ModelAdmin):
    list_display = ["title", "category", "status", "audience", "version", "updated_at"]
    list_filter = ["status", "audience", "category", "locale"]
    list_select_related = ["category"]
    search_fields = ["title", "slug", "body"]
    prepopulated_fields = {"slug": ["title"]}
    autocomplete_fields = ["category", "author"]
    readonly_fields = ["status", "version", "published_at", "updated_at"]
    actions = [publish, archive]
    inlines = [VersionInline]

    def save_model(self, request: HttpRequest, obj: Article, form: Any, change: bool) -> None:
        """What is published stays published, with a new version; a draft stays a draft until it is published."""
        if change:
            obj.revise(by=cast(User, request.user))
        else:
            super().save_model(request, obj, form, change)


@admin.register(ArticleFeedback)
class ArticleFeedbackAdmin(admin.ModelAdmin):
    list_display = ["article", "helpful", "comment", "customer", "at"]
    list_filter = ["helpful"]
    list_select_related = ["article", "customer"]
    search_fields = ["article__title", "comment"]
    readonly_fields = ["article", "helpful", "comment", "customer", "reader", "at"]
    date_hierarchy = "at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(Rating)
class RatingAdmin(admin.ModelAdmin):
    list_display = ["ticket", "score", "comment", "customer", "at"]
    list_filter = ["score"]
    list_select_related = ["ticket", "customer"]
    search_fields = ["ticket__subject", "customer__email", "comment"]
    readonly_fields = ["ticket", "customer", "score", "comment", "at"]
    date_hierarchy = "at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
