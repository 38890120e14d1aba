"""Who may still hold a socket: a session that was signed out of, an agent who was let go, a visit that is over lose theirs within a beat."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.contrib.sessions.models import Session
from django.utils import timezone

from helpdesk.models import User, Visit

if TYPE_CHECKING:
    from helpdesk.hub import Reader

SIGNED_OUT = 4401


def fallen(lines: Iterable[Reader]) -> list[tuple[Reader, int]]:
    """Those that must close, and with which code. Three queries however many there are."""
    lines, now = list(lines), timezone.now()
    keys = {line.session_key for line in lines if line.session_key}
    hashes = {line.user_id: line.auth_hash for line in lines if line.user_id}
    visits = {line.visit_id for line in lines if line.visit_id}
    sessions = (
        set(Session.objects.filter(session_key__in=keys, expire_date__gt=now).values_list("session_key", flat=True)) if keys else set()
    )
    users = {user.pk: user.get_session_auth_hash() for user in User.objects.filter(pk__in=hashes, is_active=True)} if hashes else {}
    standing = set(Visit.objects.standing(now).filter(pk__in=visits).values_list("pk", flat=True)) if visits else set()
    return [
        (line, SIGNED_OUT)
        for line in lines
        if (line.session_key and line.session_key not in sessions)
        or (line.user_id and users.get(line.user_id) != line.auth_hash)
        or (line.visit_id and line.visit_id not in standing)
    ]


def seen(lines: Iterable[Reader]) -> None:
    """They are here now."""
    lines = list(lines)
    if visits := {line.visit_id for line in lines if line.visit_id}:
        Visit.objects.filter(pk__in=visits).update(seen_at=timezone.now())
    if users := {line.user_id for line in lines if line.user_id}:
        User.objects.filter(pk__in=users).update(seen_at=timezone.now())
