"""`Authorization: Visit TOKEN`: somebody in whose browser the widget is open. Known, when their site's server vouched for them; else nobody."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from helpdesk.models import Customer, Visit


class VisitAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Customer | AnonymousUser, Visit] | None:
        parts = get_authorization_header(request).split()
        if len(parts) != 2 or parts[0].lower() != b"visit":
            return None
        now = timezone.now()
        visit = Visit.objects.by_token(parts[1].decode("latin-1"), now)
        if visit is None:
            raise AuthenticationFailed("This visit has run out. Begin it again with its key.")
        visit.seen(now)
        return visit.customer or AnonymousUser(), visit

    def authenticate_header(self, request: Request) -> str:
        return 'Visit realm="widget"'


class IsVisiting(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, Visit)
