"""What a browser fetches of the widget: the script for other people's pages, and the frame it opens. No cookie is read or set by either."""

from __future__ import annotations

from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from helpdesk.models import Site

KEPT = 300  # seconds that a browser keeps the script: its address never changes


@require_safe
def script(request: HttpRequest) -> HttpResponse:
    found = finders.find("widget/loader.js")
    if not isinstance(found, str):
        raise Http404
    response = HttpResponse(Path(found).read_bytes(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = f"public, max-age={KEPT}"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@require_safe
@xframe_options_exempt
def frame(request: HttpRequest, key: str) -> HttpResponse:
    """Shown on the site's own pages and nowhere else."""
    site = Site.objects.filter(key=key, is_active=True).first()
    if site is None:
        raise Http404
    response = render(request, "widget/frame.html", {"site_key": site.key, "origins": site.origins})
    response._csp_replace = {  # type: ignore[attr-defined]
        "frame-ancestors": site.origins or ["'none'"],
        "img-src": ["'self'", "data:", "blob:"],  # files are fetched with the visit's token
    }
    response["Cache-Control"] = "no-store"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
