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


class PortalRequest(HttpRequest):
    customer: Customer
    htmx: HtmxDetails


def customer_required(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Signed-in customers. Others are asked to, and come back to this page."""

    @wraps(view)
    def guarded(request: ReaderRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.customer is not None:
            return view(request, *args, **kwargs)
        back = request.get_full_path() if request.method == "GET" else reverse("portal:questions")
        return redirect(f"{reverse('portal:sign_in')}?{urlencode({'next': back})}")

    return guarded
