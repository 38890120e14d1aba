"""A draft for the agent: what the assistant would answer, with its ground. What decisions were made is learning's to keep."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import models

from helpdesk.models import Message, Ticket, User

LIKELY = 0.6
PATIENCE = dt.timedelta(seconds=30)  # with a worker that is to write something


class DraftQuerySet(models.QuerySet["Draft"]):
    def ready(self) -> DraftQuerySet:
        return self.filter(state=Draft.State.READY)


class Draft(models.Model):
    class State(models.TextChoices):
        READY = "ready", "Ready"
        SENT = "sent", "Sent as it was"
        EDITED = "edited", "Sent with changes"
        UNUSED = "unused", "Answered otherwise"
        DISMISSED = "dismissed", "Not useful"

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="drafts")
    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="+", help_text="What it answers")
    decision = models.ForeignKey("learning.Decision", null=True, on_delete=models.SET_NULL, related_name="+")
    body = models.TextField()
    citations = models.JSONField(default=list)
    confidence = models.FloatField()
    threshold = models.FloatField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.READY)
    at = models.DateTimeField()

    objects = DraftQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["ticket", "-id"], name="draft_ticket")]

    def __str__(self) -> str:
        return f"Draft for #{self.ticket_id}"

    @property
    def percent(self) -> int:
        return round(self.confidence * 100)

    @property
    def is_likely(self) -> bool:
        """Likely enough to offer sending it as it is before changing it."""
        return self.confidence >= LIKELY

    @property
    def needed_percent(self) -> int:
        return round(self.threshold * 100)

    def settle(self, state: str) -> bool:
        """What became of it, once. True for the call that settled it."""
        if not Draft.objects.ready().filter(pk=self.pk).update(state=state):
            return False
        self.state = state
        return True

    def dismiss(self) -> bool:
        if not self.settle(self.State.DISMISSED):
            return False
        self.clear_flag()
        return True

    def clear_flag(self) -> None:
        if not self.ticket.drafts.all().ready().exists():
            Ticket.objects.filter(pk=self.ticket_id).update(has_draft=False)


def offer(ticket: Ticket, message: Message, *, at: dt.datetime, **fields: Any) -> Draft | None:
    """The newest draft is the one that shows; older ones were not used."""
    draft, created = Draft.objects.get_or_create(message=message, defaults={"ticket": ticket, "at": at, **fields})
    if not created:
        return None
    Draft.objects.ready().filter(ticket=ticket).exclude(pk=draft.pk).update(state=Draft.State.UNUSED)
    Ticket.objects.filter(pk=ticket.pk).update(has_draft=True)
    return draft


class Rewriting(models.Model):
    """A text that an agent wants put otherwise, or a thread in one line. A worker writes it; nothing is taken over by itself."""

    class State(models.TextChoices):
        WAITING = "waiting", "Being written"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    how = models.CharField(max_length=12)
    language = models.CharField(max_length=40, blank=True)
    text = models.TextField()
    result = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    error = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["ticket", "-id"], name="rewriting_ticket")]

    def __str__(self) -> str:
        return f"{self.how} for #{self.ticket_id}"

    def work(self, *, at: dt.datetime) -> None:
        from assistant import summing
        from assistant.llm import LLMUnavailable
        from assistant.rewriting import rewrite

        if self.state != self.State.WAITING:
            return
        try:
            is_summary = self.how == summing.HOW
            self.result = summing.summarise(self.text) if is_summary else rewrite(self.text, self.how, language=self.language)
            self.state = self.State.DONE
        except LLMUnavailable as error:
            self.error, self.state = str(error)[:200], self.State.FAILED
        self.save(update_fields=["result", "state", "error"])

    def is_overdue(self, at: dt.datetime) -> bool:
        """No worker has come to it, and nobody should wait any longer. What comes after all is still shown to whoever looks later."""
        return self.state == self.State.WAITING and at - self.at > PATIENCE

    @property
    def changed_facts(self) -> list[str]:
        from assistant.rewriting import changed_facts

        return changed_facts(self.text, self.result, self.how)
