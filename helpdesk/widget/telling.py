"""A conversation as the widget's JSON: what the portal shows of it, and nothing more."""

from __future__ import annotations

from typing import Any

from helpdesk.models import Message, Rating, SiteSettings, Ticket
from helpdesk.question import Question, Said


def summary(ticket: Ticket) -> dict[str, Any]:
    """One row of the list."""
    return {
        "number": ticket.number,
        "subject": ticket.subject,
        "preview": ticket.last_preview,
        "is_resolved": ticket.is_resolved,
        "is_unread": ticket.customer_read_seq < ticket.last_seq,
        "at": ticket.updated_at.isoformat(),
    }


def conversation(question: Question, after: int = 0) -> dict[str, Any]:
    """Its state, and what was said after the message numbered `after`. `seq` counts within it, without a gap for what this reader may see."""
    ticket = question.ticket
    return {
        "number": ticket.number,
        "subject": ticket.subject,
        "is_resolved": ticket.is_resolved,
        "with_people": question.with_people,
        "is_pending": question.is_pending,
        "helper": question.helper,
        "expected": SiteSettings.load().reply_promise if question.with_people and not question.helper else "",
        "receipt": question.receipt,
        "rating": rating_of(ticket),
        "after": after,
        "last": ticket.last_seq,
        "judged": question.answer.seq if question.answer else 0,
        "version": question.version,
        "earlier": question.earlier,
        "messages": [message(Said(each, question)) for each in question.messages if each.seq > after],
    }


def rating_of(ticket: Ticket) -> int | None:
    return Rating.objects.filter(ticket=ticket).values_list("score", flat=True).first() if ticket.is_resolved else None


def since(number: int, after: int) -> tuple[tuple[int, Any], dict[str, Any]] | None:
    """A frame for whoever follows it: its state and what was said after the message numbered `after`, and how far that is. None when it is gone.

    A reader whose own last message is older than the frame's `after` has missed something, and fetches it.
    """
    ticket = Ticket.objects.select_related("customer__organisation").filter(pk=number).first()
    if ticket is None or not Ticket.objects.visible_to(ticket.customer).filter(pk=number).exists():
        return None
    told = conversation(Question.load(ticket, ticket.customer), after)
    return (ticket.last_seq, ticket.updated_at), {"kind": "conversation", **told}


def message(said: Said) -> dict[str, Any]:
    each = said.message
    return {
        "seq": each.seq,
        "author": each.author,
        "name": each.author_name if each.author == Message.Author.AGENT else "",
        "is_mine": said.is_mine,
        "kind": each.kind,
        "html": str(said.html),
        "at": each.at.isoformat(),
        "client_msg_id": each.client_msg_id if said.is_mine else "",
        "sources": [{"n": source["n"], "title": source.get("title", ""), "url": source["path"]} for source in said.sources],
        "options": [
            {"source": option["source"], "title": option["title"]}
            for option in each.meta.get("options", [])
            if isinstance(option, dict) and {"source", "title"} <= option.keys()
        ],
    }
