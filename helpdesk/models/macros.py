"""What agents write and do again and again: a text with gaps, and what happens to the ticket with it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from helpdesk.models.events import Event
from helpdesk.models.people import Team, User
from helpdesk.models.tickets import Ticket

if TYPE_CHECKING:
    from helpdesk.viewers import Viewer


class MacroQuerySet(models.QuerySet["Macro"]):
    def visible_to(self, viewer: Viewer) -> MacroQuerySet:
        """Shared ones, those of one's teams, and one's own. Who sees one may use and change it."""
        if not isinstance(viewer, User):
            return self.none()
        teams = Team.objects.all() if viewer.is_admin else viewer.teams.all()
        return self.filter(
            Q(audience=Macro.Audience.SHARED)
            | Q(audience=Macro.Audience.TEAM, audience_team__in=teams)
            | Q(audience=Macro.Audience.PRIVATE, owner=viewer)
        )

    def with_people(self) -> MacroQuerySet:
        return self.select_related("owner", "audience_team", "assignee", "team")


class Macro(models.Model):
    class Audience(models.TextChoices):
        SHARED = "shared", "Everybody"
        TEAM = "team", "One team"
        PRIVATE = "private", "Only me"

    class Then(models.TextChoices):
        NOTHING = "", "Leave it as it is"
        WAIT = "waiting", "Wait for the customer"
        RESOLVE = "resolved", "Resolve"

    name = models.CharField(max_length=80)
    body = models.TextField("reply", blank=True)
    audience = models.CharField("who may use it", max_length=10, choices=Audience.choices, default=Audience.SHARED)
    audience_team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="macros")
    owner = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="macros")
    state = models.CharField("then", max_length=10, choices=Then.choices, default=Then.NOTHING, blank=True)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    priority = models.CharField(max_length=10, choices=[("", "Leave it as it is"), *Ticket.Priority.choices], blank=True)
    to_me = models.BooleanField("give it to whoever uses this", default=False)
    assignee = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    uses = models.PositiveIntegerField(default=0)
    last_used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = MacroQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        indexes = [models.Index(fields=["name", "id"], name="macro_name"), models.Index(fields=["-uses", "name"], name="macro_uses")]

    def __str__(self) -> str:
        return self.name

    @property
    def does(self) -> list[str]:
        """What happens to the ticket with it, in words."""
        done = [f"tags it {', '.join(self.tags)}"] if self.tags else []
        if self.priority:
            done.append(f"sets the priority to {self.get_priority_display().lower()}")
        if self.to_me or self.assignee or self.team:
            done.append(f"gives it to {'you' if self.to_me else self.assignee.first_name if self.assignee else self.team.name}")  # type: ignore[union-attr]
        return [*done, *{"waiting": ["waits for the customer"], "resolved": ["resolves it"]}.get(self.state, [])]

    def keep(self, *, by: User, at: dt.datetime | None = None) -> None:
        """Made or changed."""
        with transaction.atomic():
            self.owner = self.owner or by
            self.tags = list(dict.fromkeys(tag for tag in self.tags if tag))
            self.save()
            Event.record("macro.kept", by=by, at=at or timezone.now(), macro=self.pk, name=self.name)

    def remove(self, *, by: User, at: dt.datetime | None = None) -> None:
        with transaction.atomic():
            Event.record("macro.removed", by=by, at=at or timezone.now(), macro=self.pk, name=self.name)
            self.delete()

    def apply(self, ticket: Ticket, *, by: User, at: dt.datetime | None = None) -> None:
        """What it does to a ticket, each by its own verb; its words are said by whoever uses it."""
        at = at or timezone.now()
        with ticket.locked():
            if self.tags:
                ticket.tag(add=self.tags, by=by, at=at)
            if self.priority:
                ticket.prioritise(self.priority, by=by, at=at)
            person = by if self.to_me else self.assignee
            if person is not None and (not person.is_active or not Ticket.objects.visible_to(person).filter(pk=ticket.pk).exists()):
                person = None  # they left, or may not see it
            if person or self.team:
                ticket.assign(to=person, team=self.team, by=by, at=at)
            if self.state == self.Then.WAIT:
                ticket.wait(by=by, at=at)
            elif self.state == self.Then.RESOLVE:
                ticket.resolve(by=by, at=at)
            Macro.objects.filter(pk=self.pk).update(uses=F("uses") + 1, last_used_at=at)
            Event.record("macro.used", by=by, ticket=ticket, at=at, macro=self.pk, name=self.name)
