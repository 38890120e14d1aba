"""Sites that carry the widget, and the browsers that have it open."""

from __future__ import annotations

import datetime as dt
import re
import secrets

from django.contrib.postgres.fields import ArrayField
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

from helpdesk.digest import digest
from helpdesk.formatting import clean_line
from helpdesk.models.people import HERE, Customer

TOKEN_LIFETIME = dt.timedelta(minutes=15)
KEPT = dt.timedelta(days=90)  # a visit nobody came back to
SEEN_EVERY = dt.timedelta(minutes=1)  # how exactly `seen_at` is kept
SALT = "whetstone.visit"
_ORIGIN = re.compile(r"https?://(?:\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::[0-9]{1,5})?")


def new_key() -> str:
    return f"site_{secrets.token_hex(8)}"


def new_secret() -> str:
    return secrets.token_urlsafe(48)


def check_origin(origin: str) -> None:
    if not _ORIGIN.fullmatch(origin):
        raise ValidationError(f"“{origin}” is not an origin. Write it as https://app.example.com, in small letters and without a path.")


class Site(models.Model):
    """`key` stands in the page for everybody to read. `secret` signs who a customer is, and stays on the site's own server."""

    name = models.CharField(max_length=80)
    key = models.CharField(max_length=40, unique=True, default=new_key, editable=False)
    origins = ArrayField(
        models.CharField(max_length=200, validators=[check_origin]), default=list, help_text="Where the widget may be shown."
    )
    secret = models.CharField(max_length=120, default=new_secret, editable=False)
    former_secret = models.CharField(max_length=120, blank=True, editable=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def secrets(self) -> list[str]:
        """Tokens signed with either are good, so that a server can change over without a gap."""
        return [each for each in (self.secret, self.former_secret) if each]

    def rotate(self) -> None:
        """A new secret. What the one before the last has signed is worth nothing from now on."""
        self.former_secret, self.secret = self.secret, new_secret()
        self.save(update_fields=["secret", "former_secret"])


class VisitQuerySet(models.QuerySet["Visit"]):
    def standing(self, at: dt.datetime) -> VisitQuerySet:
        return self.filter(ended_at=None, seen_at__gt=at - KEPT, site__is_active=True)

    def lately(self, origin: str, at: dt.datetime) -> int:
        """How many strangers' visits began at a network address within the last hour."""
        return self.filter(origin=origin, created_at__gt=at - dt.timedelta(hours=1)).count()

    def by_key(self, key: str, site: Site, at: dt.datetime) -> Visit | None:
        found = self.standing(at).filter(site=site, key_hash=digest(key)) if key else self.none()
        return found.select_related("customer__organisation", "site").first()

    def by_token(self, token: str, at: dt.datetime) -> Visit | None:
        """None when it is forged or has run out, or the visit is over."""
        try:
            told = signing.TimestampSigner(salt=SALT).unsign_object(token, max_age=TOKEN_LIFETIME)
        except (signing.BadSignature, ValueError):
            return None
        pk = told.get("visit", 0) if isinstance(told, dict) else 0
        return self.standing(at).filter(pk=pk).select_related("customer__organisation", "site").first()


class Visit(models.Model):
    """A browser in which the widget was opened. It keeps a key, of which only a hash stands here, and gets short-lived tokens for it."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="visits")
    customer = models.ForeignKey(
        Customer, null=True, blank=True, on_delete=models.CASCADE, related_name="visits", help_text="Nobody until they say something"
    )
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    origin = models.CharField(max_length=64, blank=True, editable=False, help_text="A hash of the network address it began from")
    page = models.CharField(max_length=500, blank=True, editable=False, help_text="Where they are now")
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = VisitQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["customer", "-seen_at"], name="visit_customer"),
            models.Index(fields=["origin", "created_at"], name="visit_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.customer or 'Somebody'} on {self.site}"

    @classmethod
    def begin(cls, site: Site, customer: Customer | None, *, at: dt.datetime, origin: str = "") -> tuple[Visit, str]:
        """The row and its key. The key cannot be read again."""
        key = secrets.token_urlsafe(32)
        return cls.objects.create(site=site, customer=customer, key_hash=digest(key), origin=origin, created_at=at, seen_at=at), key

    def token(self) -> str:
        return signing.TimestampSigner(salt=SALT).sign_object({"visit": self.pk})

    def speaker(self, at: dt.datetime) -> Customer:
        """Who speaks here. Somebody of whom nothing is known becomes a visitor with their first word, once."""
        if self.customer is None:
            with transaction.atomic():
                visit = Visit.objects.select_for_update(of=("self",)).select_related("customer").get(pk=self.pk)
                if visit.customer is None:
                    visit.customer = Customer.objects.create(name="Visitor", created_at=at)
                    visit.save(update_fields=["customer"])
            self.customer = visit.customer
        return self.customer

    @property
    def is_known(self) -> bool:
        """The site's server vouches for them."""
        return self.customer is not None and not self.customer.is_visitor

    def seen(self, at: dt.datetime) -> None:
        if at - self.seen_at > SEEN_EVERY:
            self.seen_at = at
            self.save(update_fields=["seen_at"])

    def moved(self, page: str, at: dt.datetime) -> None:
        """On to another page of the site. What follows a question mark is left out: it may hold secrets."""
        page = clean_line(page.split("?")[0].split("#")[0], limit=500)
        if page != self.page:
            self.page, self.seen_at = page, at
            self.save(update_fields=["page", "seen_at"])

    @property
    def is_here(self) -> bool:
        """An open socket keeps `seen_at` fresh."""
        return self.ended_at is None and timezone.now() - self.seen_at < HERE

    def end(self, at: dt.datetime) -> None:
        """Its key and every token of it are worth nothing any more."""
        if self.ended_at is None:
            self.ended_at = at
            self.save(update_fields=["ended_at"])
