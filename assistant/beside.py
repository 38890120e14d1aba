"""What stands beside an open ticket: how similar ones were solved, what was done with these, the next article, and the thread in one line."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from django.conf import settings
from pgvector.django import CosineDistance

from helpdesk.formatting import clean_line, plain
from helpdesk.models import Event, Macro, Message, Resolution, Source, Ticket, User
from helpdesk.search.embedder import EmbedderUnavailable, embed_one
from helpdesk.search.retrieve import hybrid
from learning.models import Decision
from learning.question import Vector

LOOKED_AT = 20_000  # of the newest decisions: with these an exact search takes some 20 ms, and what is older says little of today
NEIGHBOURS, SHOWN = 12, 3
ALIKE = 0.55  # cosine
WORTH_LINKING = 0.35  # cosine of question and article
MOST_DO = 0.5  # share of the similar tickets from which on something is suggested, and at least two of them
LONG = 6  # messages from which on a thread has a summary


@dataclass(frozen=True)
class Neighbour:
    ticket: Ticket
    likeness: float
    answer: str = ""

    @property
    def percent(self) -> int:
        return round(100 * self.likeness)


@dataclass(frozen=True)
class Suggestion:
    """`why`: in words, from the tickets it is taken from."""

    value: str
    why: str
    name: str = ""


@dataclass
class Suggestions:
    tags: list[Suggestion] = field(default_factory=list)
    priority: Suggestion | None = None
    macro: Suggestion | None = None

    def __bool__(self) -> bool:
        return bool(self.tags or self.priority or self.macro)


def vector_of(ticket: Ticket) -> Vector | None:
    """Of what it is about: as the turn embedded it, else embedded here. None while the embedder is away."""
    known = Decision.objects.filter(ticket=ticket).exclude(vector=None).order_by("pk").values_list("vector", flat=True).first()
    if known is not None:
        return np.asarray(known, np.float32)
    first = ticket.messages.public().filter(author=Message.Author.CUSTOMER).order_by("seq").first()
    try:
        return embed_one(f"{ticket.subject}\n{first.body if first else ''}"[:2_000])
    except EmbedderUnavailable:
        return None


def similar(ticket: Ticket, vector: Vector, *, agent: User) -> list[Neighbour]:
    """Solved tickets that this agent may see, the likest first, each with what solved it. Three queries."""
    newest = Decision.objects.order_by("-pk").values("pk")[:LOOKED_AT]
    near = (
        Decision.objects.filter(
            pk__in=newest,
            message__seq=1,
            ticket__in=Ticket.objects.visible_to(agent),
            ticket__state=Ticket.State.RESOLVED,
            ticket__merged_into=None,
        )
        .exclude(ticket=ticket)
        .exclude(vector=None)
        .annotate(distance=CosineDistance("vector", vector))
        .order_by("distance")
        .values_list("ticket", "distance")[: 2 * NEIGHBOURS]
    )
    likeness: dict[int, float] = {}
    for pk, distance in near:
        if 1 - distance >= ALIKE:
            likeness.setdefault(pk, 1 - distance)
    pks = list(likeness)[:NEIGHBOURS]
    tickets = Ticket.objects.select_related("customer").in_bulk(pks)
    held = Resolution.objects.filter(ticket__in=pks, reversed_at=None).exclude(message=None).select_related("message").order_by("at")
    solved_by = {each.ticket_id: clean_line(plain(each.message.body), limit=160) for each in held if each.message}
    return [Neighbour(tickets[pk], likeness[pk], solved_by.get(pk, "")) for pk in pks if pk in tickets]


def suggested(ticket: Ticket, neighbours: list[Neighbour], *, agent: User) -> Suggestions:
    """What was done with most of the similar ones and not yet with this one."""
    found, of = Suggestions(), len(neighbours)
    if of < 2:
        return found
    tags = Counter(tag for each in neighbours for tag in each.ticket.tags if tag not in ticket.tags)
    found.tags = [Suggestion(tag, _why(count, of, "have it")) for tag, count in tags.most_common(2) if _is_usual(count, of)]
    priority, count = Counter(each.ticket.priority for each in neighbours).most_common(1)[0]
    if priority not in {ticket.priority, Ticket.Priority.NORMAL} and _is_usual(count, of):
        found.priority = Suggestion(priority, _why(count, of, "have it"), str(Ticket.Priority(priority).label))
    used = Event.objects.filter(verb="macro.used", ticket__in=[each.ticket.pk for each in neighbours]).values_list("data__macro", flat=True)
    macros = Counter(used).most_common(1)
    if macros and macros[0][1] >= 2:
        macro = Macro.objects.visible_to(agent).filter(pk=macros[0][0]).first()
        if macro and not ticket.events.filter(verb="macro.used", data__macro=macro.pk).exists():
            found.macro = Suggestion(str(macro.pk), f"used in {macros[0][1]} of {of} similar tickets", macro.name)
    return found


def article_for(ticket: Ticket, vector: Vector) -> Source | None:
    """The likeliest article that this customer may read and that has not been linked here."""
    said = "\n".join(ticket.messages.public().values_list("body", flat=True))
    asked = ticket.messages.public().filter(author=Message.Author.CUSTOMER).order_by("-seq").values_list("body", flat=True).first() or ""
    hits = [hit for hit in hybrid(asked, vector, ticket.customer, 5) if hit.kind == Source.Kind.ARTICLE and hit.dense >= WORTH_LINKING]
    known = Source.objects.visible_to(ticket.customer).defer("tsv").in_bulk([hit.source_id for hit in hits])
    return next((known[hit.source_id] for hit in hits if hit.source_id in known and hit.path not in said), None)


def link_to(source: Source) -> str:
    """As an agent puts it into a reply."""
    return f"[{re.sub(r'[][]', '', source.title)}]({settings.SITE_URL}{source.path})"


def in_one_line(ticket: Ticket) -> str:
    """Of a long thread: what was asked, and where it stands. Their own sentences, so nothing is said that nobody said."""
    if ticket.last_seq < LONG:
        return ""
    said = list(ticket.messages.public().filter(author__in=["customer", "agent"]).order_by("seq").values_list("author", "body"))
    theirs, ours = ([body for author, body in said if author == who] for who in ("customer", "agent"))
    if not theirs:
        return ""
    asked = _telling(theirs[0])
    parts = [f"Asked: {asked}"]
    if ours:
        parts.append(f"Last answer: {_telling(ours[-1])}")
    if len(theirs) > 1 and (last := _telling(theirs[-1])) != asked:
        parts.append(f"{'Since then' if said[-1][0] == 'customer' else 'Before it'}: {last}")
    return " ".join(part if part.endswith((".", "?", "!", "…")) else f"{part}." for part in parts)


def _telling(text: str) -> str:
    """The sentence that says most: a question, or the one with the most words that stand nowhere else in greetings."""
    lines = [plain(line) for line in text[:4_000].splitlines() if not line.lstrip().startswith(("|", "```"))]
    sentences = [each.strip() for line in lines for each in re.split(r"(?<=[.!?])\s+", line) if each.strip()]
    long = [each for each in sentences if len(each.split()) >= 4] or sentences or [""]
    asking = [each for each in long if each.endswith("?")]
    return clean_line((asking or long)[0], limit=140)


def _is_usual(count: int, of: int) -> bool:
    return count >= 2 and count / of >= MOST_DO


def _why(count: int, of: int, what: str) -> str:
    return f"{count} of {of} similar tickets {what}"
