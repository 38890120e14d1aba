"""The words of a ticket, all in one place to be searched. The database keeps them itself (migration 0022): nothing that is written escapes."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import connection, models

from helpdesk.models.tickets import Ticket


class TicketWords(models.Model):
    """What was said in it, without positions, as written and as stems; weight A is who asks, B their organisation, C the subject.

    One row a ticket, apart from it: a ticket changes all day, its words only when somebody says something.
    """

    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, primary_key=True, related_name="words")
    tsv = SearchVectorField()

    class Meta:
        verbose_name_plural = "ticket words"
        indexes = [GinIndex(fields=["tsv"], name="ticket_words")]

    def __str__(self) -> str:
        return f"words of #{self.ticket_id}"

    @staticmethod
    def rebuild(ticket: Ticket) -> None:
        """From nothing, after words were taken away."""
        with connection.cursor() as cursor:
            cursor.execute("UPDATE helpdesk_ticketwords SET tsv = helpdesk_words_of(%s) WHERE ticket_id = %s", [ticket.pk, ticket.pk])
