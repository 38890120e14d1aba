"""API keys: `Authorization: Bearer wsk_…`. A key sees what the admin who made it sees, and does what its scopes allow."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from helpdesk.models import ApiKey, User

USED_EVERY = dt.timedelta(minutes=1)  # how exactly `last_used_at` is kept


class KeyAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        key = ApiKey.find(parts[1].decode("latin-1")) if len(parts) == 2 else None
        if key is None or key.created_by is None or not key.created_by.is_active:
            raise AuthenticationFailed("This API key is unknown or has been revoked.")
        now = timezone.now()
        if key.last_used_at is None or now - key.last_used_at > USED_EVERY:
            ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
        return key.created_by, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class HasScope(BasePermission):
    """A view names the scope of each method in `scopes`, for example {"GET": "tickets:read"}. A method it does not name is closed."""

    message = "This API key may not do that. Give it the scope the documentation names for this call."

    def has_permission(self, request: Request, view: Any) -> bool:
        scopes: dict[str, str] = getattr(view, "scopes", {})
        if request.method == "OPTIONS" or request.method not in scopes:
            return isinstance(request.auth, ApiKey)
        return isinstance(request.auth, ApiKey) and scopes[request.method] in request.auth.scopes


class KeyScheme(OpenApiAuthenticationExtension):
    target_class = "helpdesk.api.auth.KeyAuthentication"
    name = "API key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A key made in the admin under API keys."}
