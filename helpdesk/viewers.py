"""Who is looking. Every read goes through `visible_to(viewer)` with one of these."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from django.contrib.auth.models import AnonymousUser

if TYPE_CHECKING:
    from helpdesk.models import Customer, User

Viewer: TypeAlias = "User | Customer | AnonymousUser"

__all__ = ["AnonymousUser", "Viewer"]
