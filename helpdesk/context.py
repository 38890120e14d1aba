"""What every page needs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from helpdesk.models import SiteSettings


def site(request: HttpRequest) -> dict[str, Any]:
    site = SiteSettings.load()
    # By itself as well: allauth has a `site` of its own on its pages.
    return {"site": site, "company_name": site.company_name, "live_port": settings.LIVE_PORT or "", "embedded": settings.EMBEDDED}
