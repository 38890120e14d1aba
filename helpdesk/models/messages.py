"""What was said in a ticket. `seq` counts within the ticket and is the truth for every screen and socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from helpdesk.models.people import Customer, User
from helpdesk.models.tickets import Ticket

if TYPE_CHECKING:
    from helpdesk.viewers import Viewer


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, viewer: Viewer) -> MessageQuerySet:
        mine = self.filter(ticket__in=Ticket.objects.visible_to(viewer))
        return mine if isinstance(viewer, User) else mine.filter(is_note=False, seq__gte=F("ticket__shown_from"))

    def public(self) -> MessageQuerySet:
        return self.filter(is_note=False)

    def with_names(self) -> MessageQuerySet:
        """Joined with the names of who wrote them, and nothing else of these people."""
        own = [field.attname for field in self.model._meta.concrete_fields]
        return self.select_related("user", "customer").only(*own, "user__name", "customer__name")


class Message(models.Model):
    class Author(models.TextChoices):
        CUSTOMER = "customer", "Customer"
        AGENT = "agent", "Agent"
        ASSISTANT = "assistant", "Assistant"
        SYSTEM = "system", "System"

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="messages")
    seq = models.PositiveIntegerField()
    author = models.CharField(max_length=10, choices=Author.choices)
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    customer = models.ForeignKey(Customer, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    is_note = models.BooleanField("internal note", default=False)
    body = models.TextField()
    html = models.TextField(blank=True)
    client_msg_id = models.CharField(max_length=64, blank=True)
    external_id = models.CharField(max_length=255, blank=True)
    meta = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(default=timezone.now)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["ticket_id", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["ticket", "seq"], name="message_seq"),
            models.UniqueConstraint(fields=["ticket", "client_msg_id"], condition=~Q(client_msg_id=""), name="message_client_id"),
        ]
        indexes = [models.Index(fields=["external_id"], condition=~Q(external_id=""), name="message_external")]

    def __str__(self) -> str:
        return f"#{self.ticket_id}.{self.seq}"

    @property
    def person(self) -> User | Customer | None:
        return self.user or self.customer

    @property
    def author_name(self) -> str:
        return self.person.name if self.person else self.get_author_display()

    @property
    def citations(self) -> list[dict[str, Any]]:
        return self.meta.get("citations", [])

    @property
    def kind(self) -> str:
        """What an assistant's message is: answer, clarify or handoff."""
        return self.meta.get("kind", "")
