"""What every page needs."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from helpdesk.models import SiteSettings


def site(request: HttpRequest) -> dict[str, Any]:
    return {"site": SiteSettings.load(), "live_port": settings.LIVE_PORT or "", "embedded": settings.EMBEDDED}
