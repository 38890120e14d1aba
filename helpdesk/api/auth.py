"""API keys: `Authorization: Bearer wsk_…`. A key acts for the company's own systems, within its scopes."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class KeyAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        return None


class HasScope(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return False
