"""What was decided, what came back, and what was learned: to look things up in. Only learned resolutions can be acted on."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from helpdesk.admin.confirm import confirmed
from helpdesk.models import User
from learning.models import Decision, Incident, LearnedResolution, Policy, Signal, Suspicion


class Record(admin.ModelAdmin):
    """Nothing in it is written by hand."""

    show_full_result_count = False
    ordering = ("-id",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False


@admin.register(Decision)
class DecisionAdmin(Record):
    list_display = ("at", "ticket", "kind", "source", "sure", "needed", "believed", "policy")
    list_filter = ("kind", "policy")
    list_select_related = ("ticket", "source")
    search_fields = ("=ticket__id", "question", "source__title")
    exclude = ("vector",)

    @admin.display(ordering="confidence", description="confidence")
    def sure(self, decision: Decision) -> str:
        return f"{decision.confidence:.3f}"

    @admin.display(description="threshold")
    def needed(self, decision: Decision) -> str:
        return f"{decision.threshold:.3f}"

    @admin.display(ordering="belief", description="belief")
    def believed(self, decision: Decision) -> str:
        return "–" if decision.belief is None else f"{decision.belief:.3f}"


@admin.register(Signal)
class SignalAdmin(Record):
    list_display = ("at", "kind", "state", "decision", "source", "llr", "due_at")
    list_filter = ("kind", "state")
    list_select_related = ("decision", "source")
    search_fields = ("=decision__ticket__id",)


@admin.register(Policy)
class PolicyAdmin(Record):
    list_display = ("version", "state", "at", "evidence")
    list_filter = ("state",)
    exclude = ("head",)


@admin.register(Incident)
class IncidentAdmin(Record):
    list_display = ("raised_at", "title", "state", "first_seen", "last_seen", "closed_at")
    list_filter = ("state",)
    search_fields = ("title",)
    exclude = ("centre",)


@admin.register(Suspicion)
class SuspicionAdmin(Record):
    list_display = ("raised_at", "source", "state", "since", "how", "closed_by", "closed_at")
    list_filter = ("state", "how")
    list_select_related = ("source", "closed_by")
    search_fields = ("source__title",)


def _agent(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


@confirmed("Approve", "The assistant serves them from now on, as you see them here.", "Approved")
def approve(request: HttpRequest, resolution: LearnedResolution) -> None:
    resolution.approve(by=_agent(request), at=timezone.now())


@confirmed("Retire", "The assistant does not serve them any more. What was learned from their outcomes stays.", "Retired")
def retire(request: HttpRequest, resolution: LearnedResolution) -> None:
    resolution.retire("An agent retired it", by=_agent(request), at=timezone.now())


@admin.register(LearnedResolution)
class LearnedResolutionAdmin(admin.ModelAdmin):
    list_display = ("question", "state", "held_because", "taught_by", "accounts", "ticket", "at")
    list_filter = ("state",)
    list_select_related = ("taught_by", "ticket")
    search_fields = ("question", "answer", "=ticket__id")
    readonly_fields = (
        *("source", "question", "answer", "state", "was", "held_because", "retired_because", "ticket", "message", "taught_by"),
        *("accounts", "failed", "judged_from", "live_at", "replaced_by", "article", "at"),
    )
    actions = (approve, retire)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False  # it is retired: what it was credited with stays explained
