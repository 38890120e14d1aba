"""Where a request comes from, for limits: a hash of the network address, so that nobody's address is kept."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac


def origin_of(request: HttpRequest, purpose: str) -> str:
    """Another one for each purpose: what is counted for one says nothing for another."""
    return salted_hmac(purpose, _address(request), algorithm="sha256").hexdigest()


def _address(request: HttpRequest) -> str:
    """Forwarded headers count only where a proxy of ours is known to write them."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    if forwarded and getattr(settings, "SECURE_PROXY_SSL_HEADER", None):
        return forwarded.rsplit(",", 1)[-1].strip()
    return str(request.META.get("REMOTE_ADDR", ""))
