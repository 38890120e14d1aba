"""The ticket: one matter of one customer. What can be done to it is in the mixins beside this file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import connection, models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from helpdesk.models.closure import Closure
from helpdesk.models.conversation import Conversation
from helpdesk.models.merging import Merging
from helpdesk.models.parties import Parties
from helpdesk.models.people import Customer, Organisation, Team, User
from helpdesk.models.triage import Triage

if TYPE_CHECKING:
    from helpdesk.models.messages import Message
    from helpdesk.viewers import Viewer

ROW = [
    *("subject", "state", "handler", "priority", "tags", "updated_at", "last_seq", "last_message_at", "last_preview", "waiting_since"),
    *("asked_for_person", "has_draft", "customer__name", "organisation__name", "assignee__name"),
]


class TicketQuerySet(models.QuerySet["Ticket"]):
    def visible_to(self, viewer: Viewer) -> TicketQuerySet:
        """The one door. Agents: all but other people's private teams. Customers: theirs, and colleagues' if they share."""
        if isinstance(viewer, User):
            closed = viewer.closed_team_ids
            return self.exclude(team_id__in=closed) if closed else self
        if isinstance(viewer, Customer):
            own = Q(customer=viewer)
            if viewer.organisation and viewer.organisation.shares_tickets:
                own |= Q(organisation=viewer.organisation_id)
            return self.filter(own).exclude(state=Ticket.State.SPAM)
        return self.none()

    def open(self) -> TicketQuerySet:
        return self.filter(state=Ticket.State.OPEN)

    def unsolved(self) -> TicketQuerySet:
        return self.filter(state__in=[Ticket.State.OPEN, Ticket.State.WAITING, Ticket.State.SNOOZED])

    def with_team(self) -> TicketQuerySet:
        return self.filter(handler=Ticket.Handler.TEAM)

    def with_people(self) -> TicketQuerySet:
        """Joined with what a row shows."""
        return self.select_related("customer", "organisation", "assignee", "team")

    def as_rows(self) -> TicketQuerySet:
        """Joined with what a row of a list shows, and no column more: reading the rest takes as long again."""
        return self.select_related("customer", "organisation", "assignee").only(*ROW)

    def newest_first(self) -> TicketQuerySet:
        return self.order_by("-updated_at", "-id")

    def before(self, updated_at: dt.datetime, pk: int) -> TicketQuerySet:
        """The page after this row. Written so that the index is walked: the plain OR form is as slow as OFFSET."""
        return self.filter(updated_at__lte=updated_at).filter(Q(updated_at__lt=updated_at) | Q(pk__lt=pk))


class Ticket(Conversation, Closure, Triage, Merging, Parties, models.Model):
    class Channel(models.TextChoices):
        PORTAL = "portal", "Portal"
        CHAT = "chat", "Chat"
        EMAIL = "email", "Email"
        API = "api", "API"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        WAITING = "waiting", "Waiting on customer"
        SNOOZED = "snoozed", "Snoozed"
        RESOLVED = "resolved", "Resolved"
        SPAM = "spam", "Spam"

    class Handler(models.TextChoices):
        ASSISTANT = "assistant", "Assistant"
        TEAM = "team", "Team"

    class Priority(models.TextChoices):
        LOW = "low", "Low"
        NORMAL = "normal", "Normal"
        HIGH = "high", "High"
        URGENT = "urgent", "Urgent"

    subject = models.CharField(max_length=200)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="tickets")
    organisation = models.ForeignKey(Organisation, null=True, blank=True, on_delete=models.SET_NULL, related_name="tickets")
    channel = models.CharField(max_length=10, choices=Channel.choices, default=Channel.PORTAL)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    handler = models.CharField(max_length=10, choices=Handler.choices, default=Handler.ASSISTANT)
    assignee = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="tickets")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="tickets")
    priority = models.CharField(max_length=10, choices=Priority.choices, default=Priority.NORMAL)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    context = models.JSONField(default=dict, blank=True, help_text="Page and product context at opening")
    opened_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)

    merged_into = models.ForeignKey("self", null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="merged_here")
    shown_from = models.PositiveIntegerField(default=0, editable=False, help_text="The first message that customers may read")

    # What a list row shows, kept by the verbs so that a list is one query.
    last_seq = models.PositiveIntegerField(default=0)
    last_message_at = models.DateTimeField(null=True, blank=True)
    last_preview = models.CharField(max_length=160, blank=True)
    last_author = models.CharField(max_length=10, blank=True)
    waiting_since = models.DateTimeField(null=True, blank=True)
    customer_read_seq = models.PositiveIntegerField(default=0)
    asked_for_person = models.BooleanField(default=False)
    has_draft = models.BooleanField(default=False)

    objects = TicketQuerySet.as_manager()
    just_said: Message | None = None  # by whoever holds this instance
    found_subject: Any = None  # by a search: the subject with its words marked, and a piece of what was said
    found_excerpt: Any = None
    just_decided: Any = None  # likewise: the assistant's Decision, which this app knows nothing about

    class Meta:
        ordering = ["-updated_at", "-id"]
        indexes = [
            models.Index(fields=["state", "-updated_at", "-id"], name="ticket_state"),
            models.Index(fields=["assignee", "state", "-updated_at", "-id"], name="ticket_assignee"),
            models.Index(fields=["customer", "-updated_at", "-id"], name="ticket_customer"),
            models.Index(fields=["organisation", "-updated_at", "-id"], name="ticket_organisation"),
            models.Index(fields=["handler", "state", "-updated_at", "-id"], name="ticket_handler"),
            models.Index(fields=["-updated_at", "-id"], condition=Q(asked_for_person=True, state="open"), name="ticket_person"),
            models.Index(fields=["-updated_at", "-id"], condition=Q(has_draft=True, state="open"), name="ticket_draft"),
            models.Index(fields=["-updated_at", "-id"], condition=Q(assignee=None, handler="team", state="open"), name="ticket_unassigned"),
            models.Index(fields=["waiting_since", "id"], condition=Q(state="open"), name="ticket_waiting"),
            models.Index(fields=["team", "-updated_at", "-id"], condition=Q(state="open"), name="ticket_team"),
            models.Index(fields=["-updated_at", "-id"], name="ticket_updated"),
            models.Index(fields=["snoozed_until"], condition=Q(state="snoozed"), name="ticket_snoozed"),
            GinIndex(fields=["tags"], name="ticket_tags"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.subject}"

    @property
    def number(self) -> int:
        return self.pk

    @property
    def page(self) -> str:
        return str(self.context.get("page") or "")

    @property
    def says_more(self) -> bool:
        """Whether the last message is more than the subject once again."""
        return self.last_seq > 1 or not self.subject.startswith(self.last_preview.removesuffix("…")[:80])

    @property
    def is_resolved(self) -> bool:
        return self.state == self.State.RESOLVED

    @property
    def is_with_assistant(self) -> bool:
        return self.handler == self.Handler.ASSISTANT

    def get_absolute_url(self) -> str:
        return reverse("inbox:ticket", args=[self.pk])

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One transaction, with this row locked and read afresh: of two clicks at once, the second sees the first."""
        with transaction.atomic():
            related = [field for field in self._meta.concrete_fields if isinstance(field, models.ForeignKey) and field.is_cached(self)]
            known = {field: field.get_cached_value(self) for field in related}
            self.refresh_from_db(from_queryset=Ticket.objects.select_for_update(of=("self",)))
            for field, row in known.items():  # a refresh forgets them; whoever it still belongs to need not be read again
                if row is not None and row.pk == getattr(self, field.attname):
                    field.set_cached_value(self, row)
            yield


class Resolution(models.Model):
    """Why a ticket counts as solved. Reversed, never deleted, when it comes back."""

    class Kind(models.TextChoices):
        CONFIRMED = "confirmed", "The customer said so"
        ASSUMED = "assumed", "No word until the window closed"
        ABANDONED = "abandoned", "Left without a word"
        BY_AGENT = "by_agent", "An agent closed it"

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="resolutions")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    message = models.ForeignKey("helpdesk.Message", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    reversed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["ticket", "at"], name="resolution_ticket")]

    def __str__(self) -> str:
        return f"{self.kind} #{self.ticket_id}"


class ReadMark(models.Model):
    """How far an agent has read a ticket."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="read_marks")
    seq = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "ticket"], name="one_mark_per_reader")]

    def __str__(self) -> str:
        return f"{self.user_id} read #{self.ticket_id} to {self.seq}"

    @staticmethod
    def advance(reader: User, ticket: Ticket) -> bool:
        """Up to its newest message, in one statement; never back. Whether that was news."""
        with connection.cursor() as cursor:
            cursor.execute(_ADVANCE, [reader.pk, ticket.pk, ticket.last_seq])
            return cursor.rowcount == 1


_ADVANCE = """
INSERT INTO helpdesk_readmark AS known (user_id, ticket_id, seq) VALUES (%s, %s, %s)
ON CONFLICT (user_id, ticket_id) DO UPDATE SET seq = EXCLUDED.seq WHERE known.seq < EXCLUDED.seq
"""
