"""A conversation as the widget's JSON: what the portal shows of it, and nothing more."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from helpdesk import office, uploads
from helpdesk.models import Attachment, Customer, Event, Message, Rating, Source, Ticket, Visit
from helpdesk.question import Question, Said
from helpdesk.search.embedder import EmbedderUnavailable, embed_one
from helpdesk.search.retrieve import find
from helpdesk.signals import notice_wanted, why_wanted
from helpdesk.thread import local_path
from helpdesk.viewers import AnonymousUser

Told: TypeAlias = "tuple[tuple[int, Any], dict[str, Any]]"  # how far a conversation was read, and the frame that says so
SUGGESTED = 3
NEAR = 0.25  # cosine: a page and an article share a subject, and seldom many words


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
        "helper": question.helper or _taken_over_by(ticket, question.with_people),
        "expected": office.lately().expected if question.with_people and not question.helper else "",
        "present": office.lately().present,
        "receipt": question.receipt,
        "address": ticket.customer.address,
        "may_have_copy": ticket.customer.has_proven_address,
        "rating": rating_of(ticket),
        "after": after,
        "last": ticket.last_seq,
        "judged": question.answer.seq if question.answer else 0,
        "version": question.version,
        "earlier": question.earlier,
        "messages": [message(Said(each, question)) for each in question.messages if each.seq > after],
    }


def home(customer: Customer | None, place: dict[str, Any]) -> dict[str, Any]:
    """For whoever has not asked yet: an incident that may be theirs, articles for where they are, and when people are in."""
    said = " ".join(filter(None, [place.get("error", ""), place.get("title", "")]))
    told = [text for _, text in notice_wanted.send_robust(sender=Visit, customer=customer, text=said) if text and isinstance(text, str)]
    return {
        "notice": told[0] if told else "",
        "where": place.get("title", ""),
        "articles": suggested(customer, place),
        "present": office.lately().present,
        "expected": office.lately().expected,
    }


def suggested(customer: Customer | None, place: dict[str, Any]) -> list[dict[str, str]]:
    """Articles that are about this page, and others near what it says of itself: its title, its address, and what just went wrong on it."""
    words = re.sub(r"[\W\d_]+", " ", place.get("page", ""))
    text = " ".join(filter(None, [place.get("title", ""), words.strip(), place.get("error", "")]))
    if not text.strip():
        return []
    try:
        vector = embed_one(text)
    except EmbedderUnavailable:
        vector = None
    articles = Source.objects.visible_to(customer or AnonymousUser()).filter(kind=Source.Kind.ARTICLE)
    page = place.get("page", "").rstrip("/")
    here = {page[:end] for end in range(2, len(page) + 1) if page[end : end + 1] in {"", "/"}}
    hits = find(articles, text, vector, 2 * SUGGESTED)
    near = [hit for hit in hits if vector is None or hit.dense >= NEAR or here & set(hit.pages)]
    near.sort(key=lambda hit: not here & set(hit.pages))  # stable: the better hit first
    return [{"title": hit.title, "url": local_path(hit.path)} for hit in near[:SUGGESTED]]


def _taken_over_by(ticket: Ticket, with_people: bool) -> str:
    """Who came into the chat themselves is seen before they write; to whom it was merely given is not."""
    if not with_people or ticket.assignee_id is None:
        return ""
    came = Event.objects.filter(ticket=ticket, verb="ticket.taken_over", user=ticket.assignee_id).select_related("user").first()
    return came.user.name if came and came.user else ""


def rating_of(ticket: Ticket) -> int | None:
    return Rating.objects.filter(ticket=ticket).values_list("score", flat=True).first() if ticket.is_resolved else None


def since(number: int, after: int) -> Told | None:
    """A frame for whoever follows it: its state and what was said after the message numbered `after`, and how far that is. None when it is gone.

    A reader whose own last message is older than the frame's `after` has missed something, and fetches it.
    """
    ticket = Ticket.objects.select_related("customer__organisation").filter(pk=number).first()
    if ticket is None or not Ticket.objects.visible_to(ticket.customer).filter(pk=number).exists():
        return None
    return _frame(ticket, after)


def to(customer: Customer | None, number: int, after: int) -> Told | None:
    """The same for one customer who asks for it; None too when it is not theirs."""
    ticket = Ticket.objects.visible_to(customer).filter(customer=customer, pk=number).first() if customer else None
    if ticket is None or customer is None:
        return None
    ticket.customer = customer  # with its organisation, which is known already
    return _frame(ticket, after)


def _frame(ticket: Ticket, after: int) -> Told:
    told = conversation(Question.load(ticket, ticket.customer), after)
    return (ticket.last_seq, ticket.updated_at), {"kind": "conversation", **told}


def file(attachment: Attachment) -> dict[str, Any]:
    """What the frame needs to show it. The bytes are fetched with the visit's token, and by no address that would be good for others."""
    return {
        "key": attachment.key,
        "name": attachment.name,
        "size": uploads.in_words(attachment.size),
        "width": attachment.width,
        "height": attachment.height,
    }


def why(message: Message) -> list[str]:
    """In sentences; an answer without a decision behind it has none."""
    told = [sentences for _, sentences in why_wanted.send_robust(sender=Message, message=message) if isinstance(sentences, list)]
    return told[0] if told else []


def message(said: Said) -> dict[str, Any]:
    each = said.message
    return {
        "seq": each.seq,
        "author": each.author,
        "name": each.author_name if each.author == Message.Author.AGENT else "",
        "is_mine": said.is_mine,
        "kind": each.kind,
        "has_why": each.kind in {"answer", "clarify"} and bool(each.meta.get("decision")),
        "html": str(said.guiding_html),
        "at": each.at.isoformat(),
        "client_msg_id": each.client_msg_id if said.is_mine else "",
        "files": [file(attachment) for attachment in each.attachments.all()],
        "sources": [{"n": source["n"], "title": source.get("title", ""), "url": source["path"]} for source in said.sources],
        "options": [
            {"source": option["source"], "title": option["title"]}
            for option in each.meta.get("options", [])
            if isinstance(option, dict) and {"source", "title"} <= option.keys()
        ],
    }
