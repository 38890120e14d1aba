"""Keys for the API. Only a hash is kept; the key itself is shown once."""

from __future__ import annotations

import secrets

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from helpdesk.digest import digest
from helpdesk.models.people import User

SCOPES = [("ask", "Ask the assistant"), ("tickets:read", "Read tickets"), ("tickets:write", "Write tickets")]


class ApiKey(models.Model):
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, editable=False)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=20, choices=SCOPES), default=list)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @classmethod
    def issue(cls, *, name: str, scopes: list[str], by: User | None = None) -> tuple[ApiKey, str]:
        """The row and the key. The key cannot be read again."""
        key = f"wsk_{secrets.token_urlsafe(32)}"
        row = cls.objects.create(name=name, prefix=key[:12], key_hash=digest(key), scopes=scopes, created_by=by)
        return row, key

    @classmethod
    def find(cls, key: str) -> ApiKey | None:
        if not key.startswith("wsk_"):
            return None
        return cls.objects.select_related("created_by").filter(key_hash=digest(key), revoked_at=None).first()

    def revoke(self) -> None:
        if self.revoked_at is None:
            self.revoked_at = timezone.now()
            self.save(update_fields=["revoked_at"])
