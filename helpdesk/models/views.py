"""Lists that agents keep for themselves, their team or everybody, and the names of tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone

from helpdesk.formatting import clean_line
from helpdesk.models.people import Team, User
from helpdesk.models.settings import check_zone

if TYPE_CHECKING:
    from helpdesk.viewers import Viewer

MOST_VIEWS = 30  # that one agent keeps
TAG_LENGTH = 40


def slug_of_tag(text: str) -> str:
    return clean_line(text, limit=TAG_LENGTH).lower().strip().replace(" ", "-")


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, viewer: Viewer) -> SavedViewQuerySet:
        if not isinstance(viewer, User):
            return self.none()
        theirs = Q(owner=viewer) | Q(audience=SavedView.Audience.EVERYBODY)
        return self.filter(theirs | Q(audience=SavedView.Audience.TEAM, team__in=viewer.teams.all()))

    def editable_by(self, agent: User) -> SavedViewQuerySet:
        """One's own; an admin keeps those in order that others share."""
        return self.visible_to(agent).filter(~Q(audience=SavedView.Audience.PRIVATE) | Q(owner=agent) if agent.is_admin else Q(owner=agent))


class SavedView(models.Model):
    class Audience(models.TextChoices):
        PRIVATE = "private", "Only me"
        TEAM = "team", "My team"
        EVERYBODY = "everybody", "Everybody"

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="views")
    name = models.CharField(max_length=60)
    query = models.CharField("filters", max_length=300, blank=True)
    audience = models.CharField(max_length=10, choices=Audience.choices, default=Audience.PRIVATE)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def slug(self) -> str:
        return f"v{self.pk}"

    def clean(self) -> None:
        if self.audience == self.Audience.TEAM and (self.team is None or not self.team.members.filter(pk=self.owner_id).exists()):
            raise ValidationError({"team": "Choose one of your teams."})
        if self.audience != self.Audience.TEAM:
            self.team = None
        if self._state.adding and SavedView.objects.filter(owner=self.owner).count() >= MOST_VIEWS:
            raise ValidationError(f"{MOST_VIEWS} views are the most that one person keeps. Delete one first.")


def told_here_only() -> list[str]:
    return ["team"]


class AgentSettings(models.Model):
    """What an agent has chosen for themselves. Who has never chosen has the defaults."""

    class Density(models.TextChoices):
        COMFORTABLE = "comfortable", "Comfortable"
        COMPACT = "compact", "Compact"

    class Digest(models.TextChoices):
        HOURLY = "hourly", "At most every hour, of what I have not seen"
        DAILY = "daily", "At most once a day"
        NEVER = "never", "Never"

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="settings")
    density = models.CharField(max_length=12, choices=Density.choices, default=Density.COMFORTABLE)
    view_order = ArrayField(models.BigIntegerField(), default=list, blank=True)
    away_since = models.DateTimeField(null=True, help_text="No ticket is given to them meanwhile")
    silent_kinds = ArrayField(models.CharField(max_length=10), default=list, blank=True, help_text="Of what they are not told at all")
    unmailed_kinds = ArrayField(models.CharField(max_length=10), default=told_here_only, blank=True, help_text="Of what they get no mail")
    digest = models.CharField("mail", max_length=6, choices=Digest.choices, default=Digest.HOURLY)
    digest_at = models.DateTimeField(null=True)
    quiet_from = models.TimeField("quiet from", null=True, blank=True)
    quiet_to = models.TimeField("until", null=True, blank=True)
    time_zone = models.CharField(
        max_length=60, blank=True, validators=[check_zone], help_text="As in Europe/Berlin; empty means the desk’s."
    )

    def __str__(self) -> str:
        return f"settings of {self.user_id}"

    @classmethod
    def of(cls, user: User) -> AgentSettings:
        try:
            return user.settings
        except cls.DoesNotExist:
            user.settings = cls(user=user)
            return user.settings

    def keep(self, **chosen: Any) -> None:
        for name, value in chosen.items():
            setattr(self, name, value)
        self.save()


class Tag(models.Model):
    """Every name that was ever given to a ticket; the tickets hold the names themselves."""

    name = models.CharField(max_length=TAG_LENGTH, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def know(names: list[str]) -> None:
        if names:
            Tag.objects.bulk_create([Tag(name=name) for name in names], ignore_conflicts=True)
