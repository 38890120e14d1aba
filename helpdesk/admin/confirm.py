"""Actions that are hard to take back ask first, on a page that says what will happen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

Action = Callable[[Any, HttpRequest, QuerySet[Any]], HttpResponse | None]


def confirmed(label: str, consequence: str, done: str) -> Callable[[Callable[[Any, Any], None]], Action]:
    """Make an admin action of a function of (request, one object). What it refuses with a ValidationError is left alone and said."""

    def decorate(act: Callable[[Any, Any], None]) -> Action:
        @admin.action(description=label, permissions=["change"])
        def action(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
            if request.POST.get("confirmed") != "yes":
                return TemplateResponse(request, "admin/confirm_action.html", _page(model_admin, request, queryset, label, consequence))
            changed = []
            for each in queryset:
                try:
                    act(request, each)
                except ValidationError as refused:
                    messages.error(request, f"{each}: {' '.join(refused.messages)}"[:300])
                    continue
                model_admin.log_change(request, each, label)
                changed.append(str(each))
            if changed:
                messages.success(request, f"{done}: {', '.join(changed)}"[:300])
            return None

        action.__name__ = act.__name__
        return action

    return decorate


def _page(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any], label: str, consequence: str) -> dict[str, Any]:
    return {
        **model_admin.admin_site.each_context(request),
        "title": f"{label}?",
        "consequence": consequence,
        "objects": queryset[:100],
        "count": queryset.count(),
        "action": request.POST.get("action"),
        "checkbox": ACTION_CHECKBOX_NAME,
        "opts": model_admin.model._meta,
    }
