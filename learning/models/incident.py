"""Something is broken and many customers say so; and what each ticket said when it came in, by which that is found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from pgvector.django import VectorField

from helpdesk.models import Customer, Event, Ticket, User
from helpdesk.models.events import SYSTEM
from learning import bursts
from learning.models.decision import DIMENSIONS

if TYPE_CHECKING:
    from helpdesk.viewers import Viewer

NOTICE = "We know about this and are working on it. There is nothing you need to do: we write to you here as soon as it is fixed."
NOTICE_OF = "We know about “{}” and are working on it. If that is what you see, there is nothing you need to do: we write to you here as soon as it is fixed."
READ = 300  # of its newest reports: enough to know its middle and what they have in common
MORE_OF_IT = dt.timedelta(days=3)  # a report that soon after it went quiet is of the same incident


class IncidentQuerySet(models.QuerySet["Incident"]):
    def visible_to(self, viewer: Viewer) -> IncidentQuerySet:
        """All agents: what is broken is nobody's secret. Which of its tickets they see is another question."""
        return self if isinstance(viewer, User) else self.none()

    def open(self) -> IncidentQuerySet:
        return self.filter(state=Incident.State.OPEN)

    def gathering(self, at: dt.datetime) -> IncidentQuerySet:
        """Those that a report may belong to: open, or quiet only for a while."""
        return self.filter(Q(state=Incident.State.OPEN) | Q(state=Incident.State.WATCHING, last_seen__gte=at - MORE_OF_IT))

    def told_to(self, customer: Customer) -> IncidentQuerySet:
        """Those whose notice this customer reads: an open one that a ticket of theirs belongs to."""
        theirs = Report.objects.filter(incident=models.OuterRef("pk"), ticket__customer=customer).exclude(ticket__state=Ticket.State.SPAM)
        return self.open().exclude(public_text="").filter(models.Exists(theirs))


class Incident(models.Model):
    class State(models.TextChoices):
        OPEN = "open", "Open"
        WATCHING = "watching", "Quiet"
        FIXED = "fixed", "Fixed"
        DISMISSED = "dismissed", "Dismissed"

    title = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    terms = models.JSONField(default=list, help_text="What its reports have in common and others have not")
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    raised_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    public_text = models.TextField(blank=True, default=NOTICE, help_text="What affected customers read; empty, they read nothing")
    fixed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    fixed_text = models.TextField(blank=True)
    evidence = models.FloatField(default=0, help_text="Log of what betting on a burst had earned when it was raised")
    usual = models.FloatField(default=0, help_text="Tickets a day that one would expect near it")
    centre = VectorField(dimensions=DIMENSIONS)
    report = models.JSONField(default=dict, help_text="The bug report's facts")

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-raised_at", "-id"]
        indexes = [
            models.Index(fields=["-raised_at", "-id"], name="incident_raised"),
            models.Index(fields=["last_seen"], condition=Q(state__in=["open", "watching"]), name="incident_gathering"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("learning:incident", args=[self.pk])

    @property
    def is_over(self) -> bool:
        return self.state in {self.State.FIXED, self.State.DISMISSED}

    # --- Verbs. Each is idempotent, one transaction, and writes its Event. ---

    @transaction.atomic
    def attach(self, reports: Iterable[Report], *, at: dt.datetime) -> int:
        """These tickets are about it too. A quiet incident is open again. How many were new."""
        self._lock()
        found = [report for report in reports if report.incident_id is None]
        if self.is_over or not found:
            return 0
        members = [*self.reports.order_by("-at")[:READ], *found]
        self.centre = bursts.middle([np.asarray(report.vector, np.float32) for report in members])
        self.first_seen, self.last_seen = (
            min(self.first_seen, *(each.at for each in found)),
            max(self.last_seen, *(each.at for each in found)),
        )
        self.state, self.closed_at = self.State.OPEN, None
        self.save(update_fields=["centre", "first_seen", "last_seen", "state", "closed_at"])
        for report in found:
            report.incident, report.similarity = self, float(np.asarray(report.vector) @ self.centre)
        Report.objects.bulk_update(found, ["incident", "similarity"])
        for report in found:
            Event.record("incident.attached", by=SYSTEM, at=at, incident=self.pk, linked=report.ticket_id)
        return len(found)

    @transaction.atomic
    def detach(self, ticket: Ticket, *, by: User | None = None, at: dt.datetime) -> bool:
        """This ticket is about something else."""
        removed = self.reports.filter(ticket=ticket).update(incident=None, similarity=None, is_apart=True)
        if removed:
            Event.record("incident.detached", by=by or SYSTEM, at=at, incident=self.pk, linked=ticket.pk)
        return bool(removed)

    @transaction.atomic
    def announce(self, text: str, *, by: User, at: dt.datetime) -> None:
        """What affected customers read. Empty: they read nothing."""
        self._lock()
        if self.public_text != text.strip():
            self.public_text = text.strip()
            self.save(update_fields=["public_text"])
            Event.record("incident.announced", by=by, at=at, incident=self.pk)

    @transaction.atomic
    def rename(self, title: str, *, by: User, at: dt.datetime) -> None:
        self._lock()
        if title.strip() and self.title != title.strip()[:200]:
            self.title = title.strip()[:200]
            self.save(update_fields=["title"])
            Event.record("incident.renamed", by=by, at=at, incident=self.pk)

    @transaction.atomic
    def fix(self, text: str, *, by: User, at: dt.datetime) -> bool:
        """It works again. The consumer of the event tells every linked ticket's customer, once."""
        self._lock()
        if self.is_over:
            return False
        self.state, self.fixed_by, self.fixed_text, self.closed_at = self.State.FIXED, by, text.strip(), at
        self.save(update_fields=["state", "fixed_by", "fixed_text", "closed_at"])
        Event.record("incident.fixed", by=by, at=at, incident=self.pk)
        return True

    @transaction.atomic
    def dismiss(self, *, by: User, at: dt.datetime) -> bool:
        """It was nothing, or nothing of ours. Its tickets stay what they are, and the notice goes."""
        self._lock()
        if self.is_over:
            return False
        self.state, self.closed_at = self.State.DISMISSED, at
        self.save(update_fields=["state", "closed_at"])
        Event.record("incident.dismissed", by=by, at=at, incident=self.pk)
        return True

    @transaction.atomic
    def close(self, *, at: dt.datetime) -> bool:
        """No report for a while. Nobody has said that it is fixed, so it is watched on."""
        self._lock()
        if self.state != self.State.OPEN or at - self.last_seen < bursts.QUIET:
            return False
        self.state, self.closed_at = self.State.WATCHING, self.last_seen + bursts.QUIET
        self.save(update_fields=["state", "closed_at"])
        Event.record("incident.closed", by=SYSTEM, at=at, incident=self.pk)
        return True

    def _lock(self) -> None:
        self.refresh_from_db(from_queryset=Incident.objects.select_for_update(of=("self",)))


class Report(models.Model):
    """One ticket as it came in. Written for every ticket: what is usual follows from these rows."""

    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, related_name="report")
    at = models.DateTimeField()
    vector = VectorField(dimensions=DIMENSIONS)
    words = ArrayField(models.CharField(max_length=40), default=list)
    account = models.CharField(max_length=24)
    is_known = models.BooleanField(help_text="The sender has proved their address, or wrote before")
    has_link = models.BooleanField(default=False)
    radius_shares = ArrayField(models.FloatField(), default=list, help_text="Share of ordinary tickets this near")
    term_shares = models.JSONField(default=dict, help_text="Share of ordinary tickets somewhat near with this word")
    incident = models.ForeignKey(Incident, null=True, on_delete=models.SET_NULL, related_name="reports")
    similarity = models.FloatField(null=True, help_text="Cosine with the middle of its incident when it was linked")
    is_apart = models.BooleanField(default=False, help_text="Spam, or an agent took it out: not looked at again")

    class Meta:
        indexes = [
            models.Index(fields=["-at"], name="report_at"),
            models.Index(fields=["incident", "at"], name="report_incident"),
        ]

    def __str__(self) -> str:
        return f"#{self.ticket_id}"
