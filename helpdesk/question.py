"""A ticket as its customer sees it: a question, its answer, and the talk about it. Never a note, never how it is handled inside."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.template.defaultfilters import date as format_date
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.safestring import SafeString

from helpdesk import formatting, reading
from helpdesk.models import Attachment, Customer, Message, ReadMark, Resolution, SiteSettings, Source, Ticket
from helpdesk.models.search import NEUTRAL_TITLE
from helpdesk.signals import others_wanted
from helpdesk.thread import local_path

PAGE = 100  # messages


@dataclass(frozen=True)
class Step:
    name: str
    hint: str
    css: str  # is-done, is-now or nothing


@dataclass
class Question:
    ticket: Ticket
    reader: Customer
    messages: list[Message]
    earlier: int = 0  # the seq before which there is more

    @classmethod
    def load(cls, ticket: Ticket, reader: Customer, before: int = 0) -> Question:
        said = Message.objects.visible_to(reader).filter(ticket=ticket).with_names()
        said = said.prefetch_related("attachments").order_by("-seq")
        newest = list((said.filter(seq__lt=before) if before else said)[: PAGE + 1])
        messages = newest[:PAGE][::-1]
        return cls(ticket, reader, messages, earlier=messages[0].seq if len(newest) > PAGE else 0)

    @property
    def is_mine(self) -> bool:
        return self.ticket.customer_id == self.reader.pk

    @cached_property
    def last(self) -> Message | None:
        return self.messages[-1] if self.messages else None

    @cached_property
    def with_people(self) -> bool:
        return self.ticket.handler == Ticket.Handler.TEAM

    @cached_property
    def answer(self) -> Message | None:
        """What the assistant said last, if that is where it stands."""
        if self.with_people or self.last is None:
            return None
        return self.last if self.last.kind in {"answer", "clarify"} else None

    @property
    def answer_seq(self) -> str:
        return str(self.answer.seq) if self.answer else ""

    @property
    def is_pending(self) -> bool:
        """The assistant has still to say something."""
        return not self.with_people and self.answer is None and not self.ticket.is_resolved

    @cached_property
    def more(self) -> str:
        """What the first message says beyond the subject."""
        first = self.messages[0] if self.messages and self.messages[0].seq == 1 else None
        body = first.body if first else ""
        subject = self.ticket.subject.removesuffix("…")
        return body.removeprefix(subject).strip() if formatting.plain(body) != self.ticket.subject else ""

    @property
    def first_files(self) -> list[Attachment]:
        """Of the first message, where that stands as the title and not among the others."""
        first = self.messages[0] if self.messages and self.messages[0].seq == 1 else None
        return list(first.attachments.all()) if first and all(said.message is not first for said in self.talk) else []

    @cached_property
    def talk(self) -> list[Said]:
        """Between the question, which stands as the title, and the answer, which has a place of its own."""
        hidden = {self.answer.seq} if self.answer else set()
        if self.messages and self.messages[0].seq == 1 and not (self.with_people and self.more):
            hidden.add(1)
        return [Said(message, self) for message in self.messages if message.seq not in hidden]

    @cached_property
    def sources(self) -> list[dict[str, Any]]:
        return Said(self.answer, self).sources if self.answer else []

    @cached_property
    def answer_html(self) -> SafeString:
        return Said(self.answer, self).html if self.answer else SafeString("")

    @cached_property
    def helper(self) -> str:
        """Who looks after it, by first name; names of agents who never wrote here stay inside."""
        wrote = [message.user for message in self.messages if message.author == Message.Author.AGENT and message.user]
        return (wrote[-1].name if wrote else "") if self.with_people else ""

    @property
    def place(self) -> str:
        """Where they were when they asked: of /permits/new, Permits."""
        parts = [part for part in self.ticket.page.split("?")[0].split("/") if part]
        return parts[0].replace("-", " ").capitalize()[:40] if parts else ""

    @property
    def said_solved(self) -> bool:
        """They told us themselves."""
        return self.ticket.resolutions.filter(kind=Resolution.Kind.CONFIRMED, reversed_at=None).exists()

    @cached_property
    def receipt(self) -> str:
        """Under the customer's own last message: who has read it."""
        mine = next((message for message in reversed(self.messages) if message.author == Message.Author.CUSTOMER), None)
        if mine is None or mine is not self.last or not self.with_people:
            return ""
        mark = ReadMark.objects.filter(ticket=self.ticket, seq__gte=mine.seq).select_related("user").order_by("-seq").first()
        return f"Read by {mark.user.first_name}" if mark else "Sent"

    @cached_property
    def known(self) -> dict[int, Source]:
        """Those of the cited sources that this reader may open, in one query."""
        cited = {each.get("source") for message in self.messages for each in message.citations if isinstance(each, dict)}
        wanted = [pk for pk in cited if isinstance(pk, int)]
        return Source.objects.visible_to(self.reader).in_bulk(wanted) if wanted else {}

    @property
    def version(self) -> str:
        """Changes whenever this page would."""
        seq = self.last.seq if self.last else 0
        return f"{seq}-{self.ticket.state}-{self.ticket.handler}-{self.receipt}".replace(" ", "_")

    @property
    def steps(self) -> list[Step]:
        ticket, solved = self.ticket, self.ticket.is_resolved
        who = self.helper.split(" ")[0] or ("our team" if self.with_people else "the assistant")
        yours = not solved and (ticket.state == Ticket.State.WAITING or self.answer is not None)
        at_work = "done" if solved or yours else "now"
        promise = SiteSettings.load().reply_promise if self.with_people and not self.helper else "at work on it"
        return [
            Step("Asked", clock(ticket.opened_at), "is-done"),
            Step(f"With {who}", "" if at_work == "done" else promise, f"is-{at_work}"),
            Step(
                "Answered" if solved else "Waiting for you",
                f"{who} wrote".capitalize() if yours else "",
                "is-done" if solved else "is-now" if yours else "",
            ),
            Step("Solved", clock(ticket.resolved_at) if ticket.resolved_at else "you decide", "is-done" if solved else ""),
        ]


@dataclass
class Said:
    message: Message
    question: Question

    @property
    def is_mine(self) -> bool:
        return (
            self.message.author == Message.Author.CUSTOMER
            and self.message.customer_id in {self.question.reader.pk, None}
            and self.question.is_mine
        )

    @property
    def by_assistant(self) -> bool:
        return self.message.author == Message.Author.ASSISTANT and self.message.kind != "handoff"

    @property
    def html(self) -> SafeString:
        return SafeString(formatting.without_targets(self.guiding_html))

    @property
    def guiding_html(self) -> SafeString:
        """For the widget, which can point to things on the page around it."""
        clean = formatting.sanitise(self.message.html) if self.message.html else formatting.render_plain(self.message.body)
        if self.message.author == Message.Author.CUSTOMER:
            return SafeString(clean)
        return reading.with_citations(clean, {source["n"] for source in self.sources}, f"s{self.message.seq}-")

    @property
    def sources(self) -> list[dict[str, Any]]:
        shown = []
        for number, each in enumerate(self.message.citations, 1):
            if not isinstance(each, dict):
                continue
            source = self.question.known.get(each.get("source") or 0)
            n = each.get("n") if isinstance(each.get("n"), int) else number
            where = {"path": local_path(source.path) if source else "", "updated": source.updated_at if source else None}
            shown.append({**each, "n": n, "title": _title(each, source), **where})
        return shown

    @property
    def when(self) -> str:
        return clock(self.message.at)


def _title(citation: dict[str, Any], source: Source | None) -> str:
    """As it was when it was cited, unless that is a customer's words that none of the agents has approved, or not any more."""
    if citation.get("kind") == Source.Kind.RESOLUTION and (source is None or source.is_title_private):
        return NEUTRAL_TITLE
    return str(citation.get("title") or "")


def clock(at: dt.datetime) -> str:
    """10:24 today, else the day."""
    local, now = timezone.localtime(at), timezone.localtime()
    if local.date() == now.date():
        return format_date(local, "H:i")
    return format_date(local, "j M" if local.year == now.year else "j M Y")


def choice(ticket: Ticket, option: str) -> dict[str, object] | None:
    """What the assistant offered last, and nothing else."""
    last = ticket.messages.public().order_by("-seq").first()
    offered = last.meta.get("options", []) if last and last.author == Message.Author.ASSISTANT else []
    return next((each for each in offered if str(each.get("source")) == option), None)


def others(message: Message) -> list[dict[str, Any]]:
    """What else may answer what this message did not: at most two, and often none."""
    told = [found for _, found in others_wanted.send_robust(sender=Message, message=message) if isinstance(found, list)]
    return told[0] if told else []


def judge(ticket: Ticket, *, customer: Customer, verdict: str, comment: str = "", answer: int = 0, option: str = "") -> None:
    """What the customer says of the answer they saw. Of two clicks at once the second finds the first and changes nothing.

    `option`: the source of what they picked instead. Raises ValidationError when that was not to be had.
    """
    with ticket.locked():
        if verdict == "solved":
            ticket.solved(customer=customer)
        elif verdict == "person":
            if ticket.handler == Ticket.Handler.ASSISTANT or not ticket.asked_for_person or comment.strip():
                ticket.ask_for_person(customer=customer, comment=comment)
        elif stands(ticket, answer):
            ticket.not_quite(customer=customer, comment=comment, instead=_picked(ticket, option) if option else None)


def _picked(ticket: Ticket, option: str) -> dict[str, Any]:
    last = ticket.messages.public().order_by("-seq").first()
    for each in others(last) if last else ():
        if str(each["source"]) == option:
            return each
    raise ValidationError("That is not to be had any more. Please say what is missing.", code="not_offered")


def stands(ticket: Ticket, answer: int) -> bool:
    """Is the answer they judge still the last word? A second click, or an old tab, judges nothing."""
    if ticket.handler != Ticket.Handler.ASSISTANT or ticket.is_resolved:
        return False
    last = ticket.messages.public().order_by("-seq").values_list("seq", "author").first()
    return last is not None and last[1] == Message.Author.ASSISTANT and answer in {0, last[0]}
