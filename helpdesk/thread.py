"""What stands in a ticket's thread: what was said, and between it what happened, in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from helpdesk import formatting, mentions
from helpdesk.models import Event, Message, Outbox, Rating, Source, Team, Ticket, User

PAGE = 50  # messages
EVENT_LIMIT = 200
TOLD = {
    "ticket.handed_off": "mark",
    "ticket.person_requested": "hand",
    "ticket.taken_over": "user-round-check",
    "ticket.handed_back": "mark",
    "ticket.solved": "check",
    "ticket.not_quite": "rotate-ccw",
    "ticket.guide_missed": "scan-search",
    "ticket.resolved": "check",
    "ticket.reopened": "rotate-ccw",
    "ticket.rated": "star",
    "draft.corrected": "pen-line",
    "resolution.learned": "graduation-cap",
    "resolution.joined": "graduation-cap",
    "resolution.passed_over": "graduation-cap",
    "ticket.assigned": "user-round-check",
    "ticket.tagged": "tag",
    "ticket.prioritised": "signal-high",
    "ticket.waiting": "hourglass",
    "ticket.snoozed": "alarm-clock",
    "ticket.woken": "alarm-clock",
    "ticket.spam": "ban",
    "ticket.merged": "git-merge",
    "ticket.absorbed": "git-merge",
    "ticket.unmerged": "git-merge",
    "ticket.released": "git-merge",
    "ticket.split": "route",
    "ticket.split_off": "route",
    "ticket.copied_in": "user-round-plus",
    "ticket.left_out": "user-round-x",
    "ticket.requester_changed": "user-round-cog",
    "macro.used": "zap",
}
REASONS = {
    "asked_for_person": "because a person was asked for",
    "not_quite": "because its answer was not quite right",
    "unsure": "because it was not sure enough",
    "only_files": "because it cannot look into files",
    "failed": "because it could not answer just now",
}


@dataclass
class Said:
    message: Message
    deliveries: list[Outbox] = field(default_factory=list)
    titles: Mapping[int, str] = field(default_factory=dict)  # of sources whose title only agents read
    is_said = True
    day: dt.date | None = None  # set where a new day begins

    @property
    def at(self) -> dt.datetime:
        return self.message.at

    @property
    def html(self) -> SafeString:
        """Cleaned when it was stored, and again here: a row may have come in by another way."""
        message = self.message
        clean = formatting.sanitise(message.html) if message.html else formatting.render_plain(message.body)
        clean = formatting.without_targets(clean)  # there is no page of the customer's to point to
        return mark_safe(mentions.mark(clean, message.meta.get("mentions", [])))  # noqa: S308

    @property
    def citations(self) -> list[dict[str, Any]]:
        cited = [each for each in self.message.citations if isinstance(each, dict)]
        return [
            {**each, "title": self.titles.get(each.get("source", 0), each.get("title")), "path": local_path(each.get("path"))}
            for each in cited
        ]


@dataclass
class Happened:
    event: Event
    words: SafeString
    is_said = False
    day: dt.date | None = None

    @property
    def at(self) -> dt.datetime:
        return self.event.at

    @property
    def icon(self) -> str:
        return TOLD[self.event.verb]


Item = Said | Happened


@dataclass
class Thread:
    items: list[Item]
    earlier: int = 0  # the seq before which there is more; 0 when this is all
    last_seq: int = 0
    last_event: int = 0
    receipt: Message | None = field(default=None)


def latest(ticket: Ticket, *, agent: User, before: int = 0) -> Thread:
    """The last messages (or those before a seq), with what happened between them."""
    said = ticket.messages.visible_to(agent).select_related("user", "customer").prefetch_related("attachments").order_by("-seq")
    if before:
        said = said.filter(seq__lt=before)
    newest = list(said[: PAGE + 1])
    messages = newest[:PAGE][::-1]
    more = len(newest) > PAGE
    events = ticket.events.all()
    if more and messages:
        events = events.filter(at__gte=messages[0].at)
    if before and messages:
        events = events.filter(at__lt=_said_at(ticket, before) or messages[-1].at)
    return _thread(ticket, messages, events, agent=agent, earlier=messages[0].seq if more else 0)


def since(ticket: Ticket, *, agent: User, seq: int, event: int) -> Thread:
    """What an open screen does not show yet."""
    said = ticket.messages.visible_to(agent).select_related("user", "customer").prefetch_related("attachments")
    said = said.filter(seq__gt=seq).order_by("seq")
    return _thread(ticket, list(said[:PAGE]), ticket.events.filter(pk__gt=event), agent=agent, last_day=_day(_said_at(ticket, seq)))


def _thread(
    ticket: Ticket, messages: list[Message], events: Any, *, agent: User, earlier: int = 0, last_day: dt.date | None = None
) -> Thread:
    recent = list(events.filter(verb__in=TOLD).select_related("user", "customer").order_by("-pk")[:EVENT_LIMIT])[::-1]
    happened = [Happened(event, words) for event, words in zip(recent, in_words(recent, ticket=ticket, reader=agent), strict=True)]
    sent = deliveries(messages)
    titles = titles_for_agents(messages)
    items = merged([Said(message, sent.get(message.pk, []), titles) for message in messages], happened)
    mark_days(items, last_day)
    return Thread(
        items,
        earlier,
        last_seq=messages[-1].seq if messages else 0,
        last_event=recent[-1].pk if recent else 0,
        receipt=next((message for message in reversed(messages) if not message.is_note and message.author in {"agent", "assistant"}), None),
    )


def deliveries(messages: Iterable[Message]) -> dict[int, list[Outbox]]:
    """By message the mails that carry it."""
    replies = [each.pk for each in messages if each.author == Message.Author.AGENT and (not each.is_note or "forwarded" in each.meta)]
    found: dict[int, list[Outbox]] = {}
    for row in Outbox.objects.filter(message__in=replies).order_by("pk") if replies else ():
        found.setdefault(row.message_id or 0, []).append(row)
    return found


def titles_for_agents(messages: Iterable[Message]) -> dict[int, str]:
    """Of what was learned and is cited here, the question that it was learned from. No query where only articles are cited."""
    cited = [each for message in messages for each in message.citations if isinstance(each, dict) and each.get("kind") == "resolution"]
    wanted = [each["source"] for each in cited if isinstance(each.get("source"), int)]
    return dict(Source.objects.filter(pk__in=wanted, is_title_private=True).values_list("pk", "title")) if wanted else {}


def merged(said: Sequence[Said], happened: Sequence[Happened]) -> list[Item]:
    """By time; messages among themselves by seq."""
    items: list[Item] = []
    waiting = sorted(happened, key=lambda item: (item.at, item.event.pk))
    for message in said:
        while waiting and (waiting[0].at < message.at or (waiting[0].at == message.at and _leads_to(waiting[0].event, message.message))):
            items.append(waiting.pop(0))
        items.append(message)
    return [*items, *waiting]


def _leads_to(event: Event, message: Message) -> bool:
    """Of what has the same time: asking for a person leads to the promise of one, a reopening to the words that did it."""
    if message.kind == "handoff":
        return event.verb in {"ticket.handed_off", "ticket.person_requested", "ticket.not_quite"}
    return message.author == Message.Author.CUSTOMER and message.seq > 1 and event.verb in {"ticket.reopened", "ticket.not_quite"}


def mark_days(items: Iterable[Item], last: dt.date | None = None) -> None:
    for item in items:
        day = _day(item.at)
        item.day, last = (day if day != last else None), day


def _day(at: dt.datetime | None) -> dt.date | None:
    return timezone.localtime(at).date() if at else None


def _said_at(ticket: Ticket, seq: int) -> dt.datetime | None:
    return ticket.messages.filter(seq=seq).values_list("at", flat=True).first() if seq else None


def local_path(path: Any) -> str:
    """Where a source stands on this site; never anywhere else."""
    path = str(path or "")
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else ""


# --- In words ---------------------------------------------------------------------------------------------------------


def in_words(events: Sequence[Event], *, ticket: Ticket, reader: User) -> list[SafeString]:
    users = User.objects.in_bulk({event.data["to"] for event in events if event.data.get("to")})
    teams = Team.objects.in_bulk({event.data["team"] for event in events if event.data.get("team")})
    teller = Teller(ticket, reader, users, teams)
    return [teller.tell(event) for event in events]


@dataclass
class Teller:
    ticket: Ticket
    reader: User
    users: dict[int, User]
    teams: dict[int, Team]

    def tell(self, event: Event) -> SafeString:
        return getattr(self, event.verb.removeprefix("ticket.").replace(".", "_"))(event)

    def who(self, event: Event) -> str:
        if event.user:
            return "You" if event.user == self.reader else event.user.first_name
        if event.customer:
            return event.customer.first_name
        return {"assistant": "The assistant", "agent": "A former colleague", "customer": "The customer"}.get(event.actor_kind, "Whetstone")

    @property
    def customer(self) -> str:
        return self.ticket.customer.first_name

    def handed_off(self, event: Event) -> SafeString:
        return format_html("<b>The assistant</b> passed this on to people {}", REASONS.get(str(event.data.get("reason")), ""))

    def person_requested(self, event: Event) -> SafeString:
        return format_html("<b>{}</b> asked for a person", self.who(event))

    def taken_over(self, event: Event) -> SafeString:
        return format_html("<b>{}</b> took over{}", self.who(event), " from the assistant" if event.data.get("held") else "")

    def handed_back(self, event: Event) -> SafeString:
        return format_html("<b>{}</b> handed this back to the assistant", self.who(event))

    def solved(self, event: Event) -> SafeString:
        return format_html("<b>{}</b> said that this solved it", self.who(event))

    def not_quite(self, event: Event) -> SafeString:
        return format_html("<b>{}</b> chose <b>Not quite</b>", self.who(event))

    def guide_missed(self, event: Event) -> SafeString:
        return format_html("<b>{}</b> does not see <b>{}</b>, which the answer points to", self.who(event), event.data.get("target", ""))

    def resolved(self, event: Event) -> SafeString:
        how = event.data.get("how")
        if how == "assumed":
            return format_html("Taken as solved: <b>{}</b> had nothing to add", self.customer)
        if how == "abandoned":
            return format_html("Closed: <b>{}</b> left without a word", self.customer)
        return format_html("<b>{}</b> resolved this", self.who(event))

    def rated(self, event: Event) -> SafeString:
        score = Rating.Score(event.data["score"])
        said = format_html("<b>{}</b> rated this <b>{}</b> ({} of 5)", self.who(event), score.label, score.value)
        return format_html("{}: “{}”", said, event.data["comment"]) if event.data.get("comment") else said

    def resolution_learned(self, event: Event) -> SafeString:
        link = format_html('<a class="link" href="{}">Learned answers</a>', reverse("learning:learned"))
        if because := event.data.get("held"):
            return format_html(
                "What <b>{}</b> answered waits among {}: {}", self.who(event), link, str(because)[:1].lower() + str(because)[1:]
            )
        return format_html("What <b>{}</b> answered is kept under {}", self.who(event), link)

    def resolution_joined(self, event: Event) -> SafeString:
        link = format_html('<a class="link" href="{}">learned before</a>', reverse("learning:learned"))
        return format_html("What <b>{}</b> answered is what was {}", self.who(event), link)

    def resolution_passed_over(self, event: Event) -> SafeString:
        return format_html("Nothing was learned from what <b>{}</b> answered: it is too short to help anybody else", self.who(event))

    def draft_corrected(self, event: Event) -> SafeString:
        """What the assistant takes from the changes in its draft."""
        changes = event.data.get("changes", [])
        more = f" and {len(changes) - 2} more" if len(changes) > 2 else ""
        return format_html("<b>{}</b> corrected the draft: {}{}", self.who(event), "; ".join(changes[:2]), more)

    def reopened(self, event: Event) -> SafeString:
        return format_html("<b>{}</b> reopened this", self.who(event))

    def assigned(self, event: Event) -> SafeString:
        to, team = event.data.get("to"), event.data.get("team")
        name = self.users[to].first_name if to in self.users else "a former colleague"
        if to and event.user_id == to:
            return format_html("<b>{}</b> took this", self.who(event))
        if to:
            return format_html("<b>{}</b> assigned this to <b>{}</b>", self.who(event), "you" if to == self.reader.pk else name)
        if team:
            return format_html(
                "<b>{}</b> passed this to <b>{}</b>", self.who(event), self.teams[team].name if team in self.teams else "another team"
            )
        return format_html("<b>{}</b> took everybody off this", self.who(event))

    def tagged(self, event: Event) -> SafeString:
        tags = ", ".join(map(str, event.data.get("tags") or []))
        if not tags:
            return format_html("<b>{}</b> removed all tags", self.who(event))
        return format_html("<b>{}</b> set the tags to <b>{}</b>", self.who(event), tags)

    def prioritised(self, event: Event) -> SafeString:
        return format_html("<b>{}</b> set the priority to <b>{}</b>", self.who(event), event.data.get("priority", ""))

    def waiting(self, event: Event) -> SafeString:
        return format_html("<b>{}</b> left this waiting for <b>{}</b>", self.who(event), self.customer)

    def snoozed(self, event: Event) -> SafeString:
        until = parse_datetime(str(event.data.get("until") or ""))
        when = date_format(timezone.localtime(until), "l j F, H:i") if until else "later"
        return format_html("<b>{}</b> snoozed this until <b>{}</b>", self.who(event), when)

    def woken(self, event: Event) -> SafeString:
        return format_html("This is back from its snooze")

    def spam(self, event: Event) -> SafeString:
        return format_html("<b>{}</b> marked this as spam", self.who(event))

    def merged(self, event: Event) -> SafeString:
        return format_html("<b>{}</b> merged this into {}", self.who(event), ticket_link(event.data["into"]))

    def absorbed(self, event: Event) -> SafeString:
        return format_html("<b>{}</b> merged {} into this", self.who(event), ticket_link(event.data["source"]))

    def unmerged(self, event: Event) -> SafeString:
        return format_html("<b>{}</b> undid the merging with {}", self.who(event), ticket_link(event.data["into"]))

    def released(self, event: Event) -> SafeString:
        return format_html("<b>{}</b> made {} a ticket of its own again", self.who(event), ticket_link(event.data["source"]))

    def split(self, event: Event) -> SafeString:
        seq = event.data["seq"]
        return format_html(
            '<b>{}</b> made <a class="link" href="#m-{}">a message</a> a ticket of its own, {}',
            self.who(event),
            seq,
            ticket_link(event.data["to"]),
        )

    def split_off(self, event: Event) -> SafeString:
        return format_html("<b>{}</b> split this off from {}", self.who(event), ticket_link(event.data["source"]))

    def copied_in(self, event: Event) -> SafeString:
        return format_html("<b>{}</b> copied in <b>{}</b> ({})", self.who(event), event.data["name"], event.data.get("email", ""))

    def left_out(self, event: Event) -> SafeString:
        return format_html("<b>{}</b> stopped the copies to <b>{}</b>", self.who(event), event.data["name"])

    def requester_changed(self, event: Event) -> SafeString:
        how = "who can read all of it" if event.data.get("shares") else "who reads what is said from here on"
        return format_html("<b>{}</b> made this a ticket of <b>{}</b>, {}", self.who(event), event.data["name"], how)

    def macro_used(self, event: Event) -> SafeString:
        return format_html("<b>{}</b> used the macro <b>{}</b>", self.who(event), event.data["name"])


def ticket_link(number: int) -> SafeString:
    return format_html('<a class="link num" href="{}">{}</a>', reverse("inbox:ticket", args=[number]), number)
