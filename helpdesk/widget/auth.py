"""`Authorization: Visit TOKEN`: a browser in which the widget is open. No cookie is read here, so that no other page can borrow one."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from helpdesk.models import Visit


class VisitAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[AnonymousUser, Visit] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"visit":
            return None
        now = timezone.now()
        visit = Visit.objects.by_token(parts[1].decode("latin-1"), now) if len(parts) == 2 else None
        if visit is None:
            raise AuthenticationFailed("This visit is over. Begin a new one.")
        visit.seen(now)
        return AnonymousUser(), visit

    def authenticate_header(self, request: Request) -> str:
        return 'Visit realm="widget"'


class IsVisiting(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(request.auth, Visit)
