"""The same done to many tickets: each by its own verb with its own Event, in a worker, with progress, and taken back exactly."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from helpdesk.models.events import Event
from helpdesk.models.people import Team, User
from helpdesk.models.tickets import Resolution, Ticket

if TYPE_CHECKING:
    from helpdesk.viewers import Viewer

MOST = 10_000  # tickets at once
COLUMNS = ["state", "handler", "assignee_id", "team_id", "priority", "tags", "has_draft"]
TIMES = ["updated_at", "resolved_at", "snoozed_until", "waiting_since"]


class BatchQuerySet(models.QuerySet["Batch"]):
    def visible_to(self, viewer: Viewer) -> BatchQuerySet:
        return self.filter(by=viewer) if isinstance(viewer, User) else self.none()

    def unfinished(self) -> BatchQuerySet:
        return self.filter(finished_at=None)


class Batch(models.Model):
    class Action(models.TextChoices):
        RESOLVE = "resolve", "Resolve"
        REOPEN = "reopen", "Reopen"
        ASSIGN = "assign", "Assign"
        TAG = "tag", "Tag"
        PRIORITY = "priority", "Priority"
        SNOOZE = "snooze", "Snooze"
        SPAM = "spam", "Spam"

    by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    action = models.CharField(max_length=10, choices=Action.choices)
    values = models.JSONField(default=dict, help_text="What the action takes: to, team, add, remove, priority, until")
    words = models.CharField(max_length=200, help_text="What is done, as it is told")
    total = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    undo_asked_at = models.DateTimeField(null=True)

    objects = BatchQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "batches"

    def __str__(self) -> str:
        return f"{self.words} ({self.total})"

    @classmethod
    @transaction.atomic
    def begin(cls, action: str, tickets: models.QuerySet[Ticket], *, by: User, words: str, **values: Any) -> Batch:
        """Writes down which tickets are meant; `run` does it."""
        batch = cls.objects.create(by=by, action=action, values=values, words=words)
        ids = tickets.order_by().values_list("pk", flat=True)[:MOST]
        items = [BatchItem(batch=batch, ticket_id=pk) for pk in ids.iterator()]
        BatchItem.objects.bulk_create(items, batch_size=2_000)
        batch.total = len(items)
        batch.finished_at = None if items else timezone.now()
        batch.save(update_fields=["total", "finished_at"])
        return batch

    @property
    def is_undoing(self) -> bool:
        return self.undo_asked_at is not None

    def run(self, *, seconds: float = 300) -> None:
        """Whatever is left of it. May be run twice, also at once: an item is done by who locks it first."""
        end = timezone.now() + dt.timedelta(seconds=seconds)
        while timezone.now() < end and not self.is_undoing:
            if not self._one():
                self._finish()
                return
            self.refresh_from_db(fields=["undo_asked_at"])
        if self.is_undoing:
            self._take_back(end)

    def ask_undo(self) -> None:
        """Also in the middle of it: what is left is not done any more."""
        if self.undo_asked_at is None:
            self.undo_asked_at, self.finished_at = timezone.now(), None
            self.save(update_fields=["undo_asked_at", "finished_at"])

    def _one(self) -> bool:
        with transaction.atomic():
            item = self.items.filter(state=BatchItem.State.WAITING).select_for_update(skip_locked=True).order_by("pk").first()
            if item is None:
                return False
            tickets = Ticket.objects.all() if self.values.get("rename") else Ticket.objects.visible_to(self.by)
            ticket = tickets.filter(pk=item.ticket_id).first()
            item.state = BatchItem.State.SAME if ticket is None or not item.apply(ticket, self) else BatchItem.State.DONE
            item.save(update_fields=["state", "before", "event"])
        return True

    def _take_back(self, end: dt.datetime) -> None:
        while timezone.now() < end:
            with transaction.atomic():
                item = self.items.filter(state=BatchItem.State.DONE).select_for_update(skip_locked=True).order_by("pk").first()
                if item is None:
                    self._finish()
                    return
                item.state = BatchItem.State.UNDONE if item.take_back(self.by) else BatchItem.State.KEPT
                item.save(update_fields=["state"])

    def _finish(self) -> None:
        busy = self.items.filter(state=BatchItem.State.DONE if self.is_undoing else BatchItem.State.WAITING).exists()
        if not busy:
            Batch.objects.filter(pk=self.pk, finished_at=None).update(finished_at=timezone.now())
            self.refresh_from_db()

    def figures(self) -> dict[str, int]:
        found = dict(self.items.order_by().values_list("state").annotate(number=models.Count("pk")))
        return {state: found.get(state, 0) for state in BatchItem.State.values}


class BatchItem(models.Model):
    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Done"
        SAME = "same", "Was so already"
        UNDONE = "undone", "Taken back"
        KEPT = "kept", "Changed since"

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="items")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    before = models.JSONField(default=dict)
    event = models.ForeignKey(Event, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["batch", "state", "id"], name="batch_item")]

    def __str__(self) -> str:
        return f"#{self.ticket_id} in {self.batch_id}"

    def apply(self, ticket: Ticket, batch: Batch) -> bool:
        """The verb; whether it changed anything. What was before is kept."""
        with ticket.locked():
            self.before = _snapshot(ticket)
            last = ticket.events.order_by("-pk").values_list("pk", flat=True).first() or 0
            _VERBS[Batch.Action(batch.action)](ticket, batch.by, batch.values)
            self.event = ticket.events.filter(pk__gt=last).order_by("-pk").first()
        return self.event is not None

    def take_back(self, by: User) -> bool:
        """Exactly as it was, with an Event that says so; not where somebody has changed the ticket since."""
        ticket = self.ticket
        with ticket.locked():
            if self.event is None or ticket.events.filter(pk__gt=self.event_id, verb__in=CHANGES).exists():
                return False
            _return(ticket, by, self.before)
            times = {name: parse_datetime(self.before[name]) if self.before[name] else None for name in TIMES}
            Ticket.objects.filter(pk=ticket.pk).update(**{name: self.before[name] for name in COLUMNS}, **times)
            Resolution.objects.filter(pk__in=self.before["resolutions"]).update(reversed_at=None)
        return True


# Whatever an agent or a customer can do to a ticket; what the product notes beside it changes nothing of it.
CHANGES = [
    *("ticket.resolved", "ticket.solved", "ticket.reopened", "ticket.assigned", "ticket.tagged", "ticket.prioritised", "ticket.waiting"),
    *("ticket.snoozed", "ticket.woken", "ticket.spam", "ticket.handed_off", "message.said", "message.replied", "ticket.merged"),
]


def _snapshot(ticket: Ticket) -> dict[str, Any]:
    times = {name: value.isoformat() if (value := getattr(ticket, name)) else None for name in TIMES}
    standing = list(ticket.resolutions.filter(reversed_at=None).values_list("pk", flat=True))
    return {**{name: getattr(ticket, name) for name in COLUMNS}, **times, "resolutions": standing}


def _return(ticket: Ticket, by: User, before: dict[str, Any]) -> None:
    """By the verb that leads back, so that whoever learned of the change learns of this."""
    state = before["state"]
    if ticket.state != state:
        if ticket.state in {"resolved", "spam"}:
            ticket.reopen(by=by)
        elif ticket.state == "snoozed" and state == "open":
            ticket.wake()
        if ticket.state != state:
            {
                "resolved": lambda: ticket.resolve(by=by),
                "spam": lambda: ticket.mark_spam(by=by),
                "waiting": lambda: ticket.wait(by=by),
                "snoozed": lambda: ticket.snooze(until=parse_datetime(before["snoozed_until"] or "") or timezone.now(), by=by),
            }.get(state, lambda: None)()
    elif (ticket.assignee_id, ticket.team_id) != (before["assignee_id"], before["team_id"]):
        to, team = User.objects.filter(pk=before["assignee_id"] or 0).first(), Team.objects.filter(pk=before["team_id"] or 0).first()
        ticket.assign(to=to, team=team, by=by)
    elif ticket.tags != before["tags"]:
        ticket.tag(add=before["tags"], remove=set(ticket.tags) - set(before["tags"]), by=by)
    elif ticket.priority != before["priority"]:
        ticket.prioritise(before["priority"], by=by)


def _assign(ticket: Ticket, by: User, values: dict[str, Any]) -> None:
    to, team = User.objects.filter(pk=values.get("to") or 0).first(), Team.objects.filter(pk=values.get("team") or 0).first()
    if to is None or Ticket.objects.visible_to(to).filter(pk=ticket.pk).exists():
        ticket.assign(to=to, team=team, by=by)


_VERBS = {
    Batch.Action.RESOLVE: lambda ticket, by, values: ticket.resolve(by=by),
    Batch.Action.REOPEN: lambda ticket, by, values: ticket.reopen(by=by),
    Batch.Action.ASSIGN: _assign,
    Batch.Action.TAG: lambda ticket, by, values: ticket.tag(add=values.get("add", []), remove=values.get("remove", []), by=by),
    Batch.Action.PRIORITY: lambda ticket, by, values: ticket.prioritise(values["priority"], by=by),
    Batch.Action.SNOOZE: lambda ticket, by, values: ticket.snooze(until=parse_datetime(values["until"]) or timezone.now(), by=by),
    Batch.Action.SPAM: lambda ticket, by, values: ticket.mark_spam(by=by),
}
