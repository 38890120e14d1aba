"""One sign-in of a customer: a code and a link sent to their address, good once and for ten minutes.

Neither stands in the database. Both follow from a random salt and the server's secret, so that the mail waiting in the outbox needs
no copy of them, and who reads the table can sign in as nobody.
"""

from __future__ import annotations

import base64
import datetime as dt
import secrets
from typing import Any

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from helpdesk.digest import digest

LIFETIME = dt.timedelta(minutes=10)
ATTEMPTS = 5
KEPT = dt.timedelta(days=7)


class SignInCodeQuerySet(models.QuerySet["SignInCode"]):
    def usable(self, at: dt.datetime) -> SignInCodeQuerySet:
        return self.filter(used_at=None, expires_at__gt=at, attempts__lt=ATTEMPTS, purpose=SignInCode.Purpose.SIGN_IN)

    def by_token(self, token: str, at: dt.datetime) -> SignInCode | None:
        token = token.strip()
        return self.usable(at).filter(token_hash=digest(token)).first() if len(token) >= 40 else None


class SignInCode(models.Model):
    class Purpose(models.TextChoices):
        SIGN_IN = "sign_in", "Sign in"

    email = models.EmailField()
    purpose = models.CharField(max_length=20, choices=Purpose.choices, default=Purpose.SIGN_IN)
    salt = models.CharField(max_length=64, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    origin = models.CharField(max_length=64, blank=True, help_text="Hash of the address it was asked for from")
    next = models.CharField(max_length=500, blank=True)
    pending = models.JSONField(default=dict, blank=True, help_text="The question to send once they have signed in")
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    objects = SignInCodeQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["email", "created_at"], name="signin_email"),
            models.Index(fields=["origin", "created_at"], name="signin_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} of {self.email}"

    @classmethod
    def forget_old(cls, *, at: dt.datetime) -> int:
        """Codes are of no use after they expire, and what was asked with one that nobody entered was never sent."""
        return cls.objects.filter(expires_at__lt=at - KEPT).delete()[0]

    @classmethod
    def issue(cls, email: str, *, origin: str = "", next: str = "", pending: dict[str, Any] | None = None, at: dt.datetime) -> SignInCode:
        code = cls(
            email=email,
            salt=secrets.token_hex(32),
            origin=origin,
            next=next,
            pending=pending or {},
            created_at=at,
            expires_at=at + LIFETIME,
        )
        code.token_hash = digest(code.token)
        code.save()
        return code

    @property
    def code(self) -> str:
        return f"{int.from_bytes(self._derive('code')[:8]) % 1_000_000:06d}"

    @property
    def token(self) -> str:
        return base64.urlsafe_b64encode(self._derive("link")).decode().rstrip("=")

    def wait_with(self, files: list[str]) -> None:
        """Files of the question that waits, by their keys."""
        if files:
            self.pending = {**self.pending, "attachments": files}
            self.save(update_fields=["pending"])

    def _derive(self, what: str) -> bytes:
        return salted_hmac(f"helpdesk.signin.{self.purpose}.{what}", self.salt, algorithm="sha256").digest()

    def accepts(self, typed: str, *, at: dt.datetime) -> bool:
        """Uses it up when right; counts the attempt, in a transaction of its own, before it is judged."""
        if not SignInCode.objects.usable(at).filter(pk=self.pk).update(attempts=F("attempts") + 1):
            return False
        typed = "".join(typed.split())
        return bool(typed) and constant_time_compare(typed, self.code) and self.use(at=at)

    def use(self, *, at: dt.datetime) -> bool:
        """True for the one who comes first."""
        with transaction.atomic():
            return bool(SignInCode.objects.filter(pk=self.pk, used_at=None, expires_at__gt=at).update(used_at=at))
