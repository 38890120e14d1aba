"""Who may open a page of the agents' side. What they may see on it is `visible_to`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from helpdesk.models import User


class AgentRequest(HttpRequest):
    user: User
    htmx: HtmxDetails


def agent_required(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Agents and admins only. Everybody else signs in first, with the whole page even when a fragment was asked for."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if isinstance(request.user, User):
            return view(request, *args, **kwargs)
        htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
        if htmx:
            here = urlsplit(htmx.current_url_abs_path or "/").path
            return HttpResponseClientRedirect(redirect_to_login(here).url)
        back = request.get_full_path() if request.method == "GET" else resolve_url("inbox:home")
        return redirect_to_login(back)

    return guarded
