"""Who is here: agents and admins sign in with a password, customers by a code sent to their address."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from helpdesk.formatting import clean_line

if TYPE_CHECKING:
    from helpdesk.models.tickets import Ticket
    from helpdesk.viewers import Viewer

HERE = dt.timedelta(seconds=45)  # how long after the last sign of life of a socket


def initials(name: str) -> str:
    words = [word for word in name.split() if word[0].isalpha()] or [name or "?"]
    letters = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    return unicodedata.normalize("NFC", letters).upper()


class Portrait:
    """What an avatar needs: the same person always has the same colour."""

    pk: Any
    name: str

    @property
    def initials(self) -> str:
        return initials(self.name)

    @property
    def hue(self) -> int:
        return (self.pk or 0) % 8


class UserManager(BaseUserManager["User"]):
    def here(self, at: dt.datetime) -> models.QuerySet[User]:
        """Who has a screen open."""
        return self.filter(is_active=True, seen_at__gt=at - HERE)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, **{"role": User.Role.ADMIN, "is_superuser": True, "is_staff": True, **fields})


class User(Portrait, AbstractBaseUser, PermissionsMixin):
    class Role(models.TextChoices):
        ADMIN = "admin", "Admin"
        AGENT = "agent", "Agent"

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    title = models.CharField(max_length=120, blank=True)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.AGENT)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField("may open the admin", default=False)
    date_joined = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="An open screen keeps it fresh")

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    objects = UserManager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.role == self.Role.ADMIN:
            self.is_staff = self.is_superuser = True
        super().save(*args, **kwargs)

    @property
    def is_admin(self) -> bool:
        return self.role == self.Role.ADMIN

    @property
    def first_name(self) -> str:
        return self.name.split(" ")[0]

    def get_full_name(self) -> str:
        return self.name

    @cached_property
    def closed_team_ids(self) -> list[int]:
        """Private teams this agent is not in: their tickets do not exist for them."""
        if self.is_admin:
            return []
        return list(Team.objects.filter(is_private=True).exclude(members=self).values_list("pk", flat=True))


class Team(models.Model):
    class GivesOut(models.TextChoices):
        NOT = "not", "No: people take them"
        IN_TURN = "in_turn", "In turn"
        LEAST = "least", "To whoever has fewest open"

    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(unique=True)
    description = models.CharField(max_length=200, blank=True)
    members = models.ManyToManyField(User, related_name="teams", blank=True)
    is_private = models.BooleanField(default=False, help_text="Only members and admins see this team's tickets.")
    gives_out = models.CharField(
        "give tickets to people",
        max_length=8,
        choices=GivesOut.choices,
        default=GivesOut.NOT,
        help_text="Only to members who have a page of the desk open and are not away.",
    )
    most_each = models.PositiveSmallIntegerField(
        "open tickets each, at most", default=15, help_text="Who has so many gets no more by themselves."
    )
    last_given_to = models.ForeignKey(User, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def visible_to(self, viewer: Viewer) -> OrganisationQuerySet:
        if isinstance(viewer, User):
            return self
        if isinstance(viewer, Customer):
            return self.filter(pk=viewer.organisation_id)
        return self.none()


class Organisation(Portrait, models.Model):
    class Lifecycle(models.TextChoices):
        TRIAL = "trial", "Trial"
        ACTIVE = "active", "Active"
        AT_RISK = "at_risk", "At risk"
        CHURNED = "churned", "Churned"

    name = models.CharField(max_length=160)
    domain = models.CharField(max_length=190, blank=True, db_index=True)
    plan = models.CharField(max_length=40, blank=True)
    lifecycle = models.CharField(max_length=20, choices=Lifecycle.choices, default=Lifecycle.ACTIVE)
    traits = models.JSONField(default=dict, blank=True)
    shares_tickets = models.BooleanField(default=False, help_text="Colleagues see each other's tickets.")
    created_at = models.DateTimeField(default=timezone.now)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CustomerQuerySet(models.QuerySet["Customer"]):
    def visible_to(self, viewer: Viewer) -> CustomerQuerySet:
        if isinstance(viewer, User):
            return self
        if isinstance(viewer, Customer):
            return self.filter(pk=viewer.pk)
        return self.none()

    def copied(self, ticket: Ticket) -> CustomerQuerySet:
        """Who gets its replies besides its requester: those in copy, and the requesters of what was merged into it."""
        from helpdesk.models.merging import Merge
        from helpdesk.models.parties import Participant

        in_copy = Participant.objects.filter(ticket=ticket).values_list("customer", flat=True)
        merged = Merge.objects.of_others(ticket).values_list("source__customer", flat=True)
        return self.filter(pk__in=in_copy.union(merged))  # an OR of the two reads every customer there is

    def with_email(self, email: str) -> Customer | None:
        """By any of their addresses. One after the other: an OR of two tables uses no index."""
        email = email.strip().lower()
        return self.filter(email=email).first() or self.filter(emails__email=email).first()


class Customer(Portrait, models.Model):
    """Somebody who asks. Without an address: a visitor of a widget who has not said who they are."""

    name = models.CharField(max_length=160)
    email = models.EmailField(unique=True, null=True, blank=True)
    reply_to = models.EmailField(blank=True, editable=False, help_text="Left in a chat to be written to; it proves nothing of who they are")
    title = models.CharField(max_length=120, blank=True)
    organisation = models.ForeignKey(Organisation, null=True, blank=True, on_delete=models.SET_NULL, related_name="customers")
    external_id = models.CharField(max_length=190, null=True, blank=True, unique=True)
    traits = models.JSONField(default=dict, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    locale = models.CharField(max_length=12, default="en")
    created_at = models.DateTimeField(default=timezone.now)

    objects = CustomerQuerySet.as_manager()
    is_authenticated = True
    is_anonymous = False

    class Meta:
        ordering = ["name"]
        indexes = [models.Index(fields=["reply_to"], condition=~models.Q(reply_to=""), name="customer_reply_to")]

    def __str__(self) -> str:
        return self.name or self.email or f"Visitor {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = (self.email or "").strip().lower() or None
        super().save(*args, **kwargs)

    @property
    def is_visitor(self) -> bool:
        """Nobody knows who this is, and nobody has vouched for them."""
        return self.email is None and self.external_id is None

    @property
    def address(self) -> str:
        """Where mail reaches them, or nothing."""
        return self.email or self.reply_to

    @property
    def has_proven_address(self) -> bool:
        return self.is_verified and self.email is not None

    def leave_address(self, email: str, *, name: str = "") -> None:
        """A visitor who wants to be written to. What somebody says of themselves opens no account and no history."""
        if self.is_visitor:
            self.reply_to, self.name = email.strip().lower(), clean_line(name, limit=160) or self.name
            self.save(update_fields=["reply_to", "name"])

    @transaction.atomic
    def adopt_visitors(self, *, at: dt.datetime) -> int:
        """They proved that the address is theirs: what was asked in chats where it was left is theirs too. How many conversations that is.

        The browsers of those chats are sent away first: whoever merely typed the address sees nothing of this account.
        """
        from helpdesk.models.messages import Message
        from helpdesk.models.sites import Visit
        from helpdesk.models.tickets import Ticket

        theirs = (
            Customer.objects.select_for_update().filter(reply_to=self.email, email=None, external_id=None)
            if self.email
            else Customer.objects.none()
        )
        visitors = list(theirs.values_list("pk", flat=True))
        if not visitors:
            return 0
        Visit.objects.filter(customer__in=visitors, ended_at=None).update(ended_at=at)
        Message.objects.filter(customer__in=visitors).update(customer=self)
        theirs.update(reply_to="")
        return Ticket.objects.filter(customer__in=visitors).update(customer=self, organisation=self.organisation)

    @property
    def is_verified(self) -> bool:
        return self.verified_at is not None

    @property
    def first_name(self) -> str:
        return self.name.split(" ")[0]

    @property
    def segment(self) -> dict[str, str]:
        """The business context that decisions may depend on."""
        if self.organisation is None:
            return {}
        return {"plan": self.organisation.plan, "lifecycle": self.organisation.lifecycle}

    def verify(self, *, at: dt.datetime | None = None) -> None:
        """They proved that the address is theirs."""
        if self.verified_at is None:
            self.verified_at = at or timezone.now()
            self.save(update_fields=["verified_at"])


class CustomerEmail(models.Model):
    """A further address of a customer; the first one is `Customer.email`."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="emails")
    email = models.EmailField(unique=True)
    verified_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.strip().lower()
        super().save(*args, **kwargs)


def find_or_create_customer(email: str, *, name: str = "", at: dt.datetime | None = None) -> Customer:
    """The customer with this address. A new one is unverified and joins no organisation: an address is a claim, not a proof."""
    found = Customer.objects.with_email(email)
    if found:
        return found
    email, fallback = email.strip().lower(), email.split("@")[0].replace(".", " ").title()
    try:
        with transaction.atomic():
            return Customer.objects.create(email=email, name=(name or fallback)[:160], created_at=at or timezone.now())
    except IntegrityError:  # they asked twice at once
        return Customer.objects.get(email=email)


def names(people: Iterable[Portrait]) -> str:
    """`Tom and Keiko`, for a sentence."""
    parts = [person.name.split(" ")[0] for person in people]
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
