"""What the pages of customers share."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.middleware import HtmxDetails

from helpdesk.models import Customer
from helpdesk.viewers import Viewer


class ReaderRequest(HttpRequest):
    """Anybody's."""

    customer: Customer | None
    viewer: Viewer
    htmx: HtmxDetails


UNSENT = "unsent"  # in the session: what somebody wrote after they had been signed out elsewhere
UNSENT_LIMIT = 50_000


def keep_unsent(request: ReaderRequest, number: int | None) -> str:
    """Where to go on once they have signed in, with what they had written."""
    if number is None:
        return reverse("portal:questions")
    if body := request.POST.get("body", "")[:UNSENT_LIMIT].replace("\x00", ""):
        request.session[UNSENT] = {"number": number, "body": body}
    return reverse("portal:question", args=[number])


def unsent(request: PortalRequest, number: int) -> str:
    """What they had written on this question before they had to sign in again; once."""
    kept = request.session.get(UNSENT)
    if not kept or kept["number"] != number:
        return ""
    del request.session[UNSENT]
    return str(kept["body"])


class PortalRequest(HttpRequest):
    customer: Customer
    htmx: HtmxDetails


def customer_required(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Signed-in customers. Others are asked to, and come back to this page."""

    @wraps(view)
    def guarded(request: ReaderRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.customer is not None:
            return view(request, *args, **kwargs)
        back = request.get_full_path() if request.method == "GET" else keep_unsent(request, kwargs.get("number"))
        return redirect(f"{reverse('portal:sign_in')}?{urlencode({'next': back})}")

    return guarded
