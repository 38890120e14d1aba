"""What the assistant does when something has happened."""

from __future__ import annotations

from assistant import drafting, llm, turn
from assistant.models import Draft
from helpdesk.events import consumer
from helpdesk.models import Event, Message, SiteSettings, Ticket
from learning import ledger


@consumer("assistant", {"ticket.opened", "message.said", "ticket.handed_back"}, here=lambda: not llm.is_configured())
def answer(event: Event) -> None:
    """In the web process while answers are quotations (some 40 ms); in a worker when a model writes them."""
    if event.ticket is None:
        return
    asked = unanswered(event.ticket) if event.verb == "ticket.handed_back" else event.ticket.message(event.data["message"])
    if asked is not None:
        with SiteSettings.kept():
            turn.take(asked, at=event.at)


def unanswered(ticket: Ticket) -> Message | None:
    """The customer's, if theirs is the last word."""
    last = ticket.messages.public().select_related("ticket").order_by("-seq").first()
    return last if last is not None and last.author == Message.Author.CUSTOMER else None


@consumer("draft", {"ticket.handed_off", "ticket.taken_over", "message.said"})
def prepare(event: Event) -> None:
    if event.ticket is not None and event.ticket.handler == Ticket.Handler.TEAM:
        drafting.draft_for(event.ticket, at=event.at)


@consumer("draft-again", {"ticket.reopened"})
def show_again(event: Event) -> None:
    """Closing a ticket puts its draft out of sight; opening it again brings it back."""
    if event.ticket is not None and Draft.objects.ready().filter(ticket=event.ticket).exists():
        Ticket.objects.filter(pk=event.ticket.pk).update(has_draft=True)


@consumer("draft-outcome", {"message.replied"})
def settle(event: Event) -> None:
    if event.ticket is None:
        return
    message = event.ticket.message(event.data["message"])
    draft = drafting.settle(event.ticket, message)
    if draft and draft.decision:
        ledger.draft_sent(draft.decision, event=event, drafted=draft.body, sent=message.body, at=event.at)
