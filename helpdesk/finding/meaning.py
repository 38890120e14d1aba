"""What was asked for, as filters of tickets and one text query. Values reach the database as parameters; lexemes are quoted by `_lexeme`."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from helpdesk.finding.grammar import FILTERS, Asked, Part, read
from helpdesk.models import Organisation, Team, Ticket, User

PREFIX_FROM = 3  # letters from which on a word also means its beginning
MOST_ORGANISATIONS = 200
STATES = {"open", "waiting", "snoozed", "resolved", "spam"}
_TAGS = str.maketrans("<>", "  ")  # else the parser takes what stands between them for markup, and drops it
NUMBER = re.compile(r"#?(\d{1,18})")


@dataclass
class Meaning:
    """`tsquery` is empty where no words are asked for; `words` are what may be shown marked; `number`, when nothing else was typed."""

    asked: Asked
    filters: list[Q] = field(default_factory=list)
    unread: bool | None = None
    tsquery: str = ""
    words: list[str] = field(default_factory=list)
    number: int | None = None

    @property
    def problems(self) -> list[str]:
        return self.asked.problems

    @property
    def is_empty(self) -> bool:
        return not self.asked.parts

    @property
    def is_only_negative(self) -> bool:
        return all(part.is_negated for part in self.asked.of("", "customer", "subject"))


def understand(text: str, *, agent: User, now: dt.datetime | None = None) -> Meaning:
    asked = read(text)
    meaning = Meaning(asked)
    for part in asked.parts:
        if part.key in _FILTERS and (found := _FILTERS[part.key](part, meaning, agent, now or timezone.now())) is not None:
            meaning.filters.append(~found if part.is_negated else found)
    if len(asked.parts) == 1 and (number := NUMBER.fullmatch(asked.parts[0].text)) and not asked.parts[0].is_negated:
        meaning.number = int(number[1]) if not asked.parts[0].key else None
    _read_words(meaning)
    return meaning


# --- Filters ----------------------------------------------------------------------------------------------------------


def _is(part: Part, meaning: Meaning, agent: User, now: dt.datetime) -> Q | None:
    what = part.text.lower()
    if what in STATES:
        return Q(state=what)
    if what == "unread":
        meaning.unread = not part.is_negated
        return None
    found = {
        "unassigned": Q(assignee=None, handler=Ticket.Handler.TEAM),
        "urgent": Q(priority=Ticket.Priority.URGENT),
        "draft": Q(has_draft=True),
        "person": Q(asked_for_person=True),
        "assistant": Q(handler=Ticket.Handler.ASSISTANT),
    }.get(what)
    return found or _unknown(part, meaning)


def _assignee(part: Part, meaning: Meaning, agent: User, now: dt.datetime) -> Q | None:
    who = part.text.lower()
    if who in {"me", "none"}:
        return Q(assignee=agent) if who == "me" else Q(assignee=None)
    found = [user.pk for user in User.objects.all() if _begins(user.name, who) or user.email == who]
    return Q(assignee__in=found) if found else _nobody(part, meaning, "Nobody here is called")


def _team(part: Part, meaning: Meaning, agent: User, now: dt.datetime) -> Q | None:
    name = part.text.lower()
    if name == "none":
        return Q(team=None)
    found = [team.pk for team in Team.objects.all() if team.slug == name or _begins(team.name, name)]
    return Q(team__in=found) if found else _nobody(part, meaning, "There is no team called")


def _organisation(part: Part, meaning: Meaning, agent: User, now: dt.datetime) -> Q | None:
    found = Organisation.objects.visible_to(agent).filter(Q(name__icontains=part.text) | Q(domain__iexact=part.text))
    ids = list(found.values_list("pk", flat=True)[:MOST_ORGANISATIONS])
    return Q(organisation__in=ids) if ids else _nobody(part, meaning, "There is no organisation called")


def _tag(part: Part, meaning: Meaning, agent: User, now: dt.datetime) -> Q | None:
    return Q(tags__contains=[part.text.lower().replace(" ", "-")[:40]])


def _chosen(column: str, values: list[str]) -> Callable[[Part, Meaning, User, dt.datetime], Q | None]:
    def narrow(part: Part, meaning: Meaning, agent: User, now: dt.datetime) -> Q | None:
        return Q(**{column: part.text.lower()}) if part.text.lower() in values else _unknown(part, meaning)

    return narrow


def _before(part: Part, meaning: Meaning, agent: User, now: dt.datetime) -> Q | None:
    day = _day(part.text, now)
    return Q(updated_at__lt=day) if day else _no_day(part, meaning)


def _after(part: Part, meaning: Meaning, agent: User, now: dt.datetime) -> Q | None:
    day = _day(part.text, now)
    return Q(updated_at__gte=day) if day else _no_day(part, meaning)


_FILTERS = {
    "is": _is,
    "assignee": _assignee,
    "team": _team,
    "org": _organisation,
    "tag": _tag,
    "channel": _chosen("channel", Ticket.Channel.values),
    "priority": _chosen("priority", Ticket.Priority.values),
    "before": _before,
    "after": _after,
}


def _day(text: str, now: dt.datetime) -> dt.datetime | None:
    """The first moment of a day, where the desk is."""
    text, today = text.lower(), timezone.localtime(now).date()
    if (ago := re.fullmatch(r"(\d{1,4})([dwm])", text)) is not None:
        day = today - dt.timedelta(days=int(ago[1]) * {"d": 1, "w": 7, "m": 30}[ago[2]])
    elif text in {"today", "yesterday"}:
        day = today - dt.timedelta(days=text == "yesterday")
    elif (written := re.fullmatch(r"([12]\d{3})-(\d\d)(?:-(\d\d))?", text)) is not None:
        try:
            day = dt.date(int(written[1]), int(written[2]), int(written[3] or 1))
        except ValueError:
            return None
    else:
        return None
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


def _begins(name: str, with_: str) -> bool:
    """Each word of it begins a word of the name."""
    words = fold(name).split()
    return all(any(word.startswith(start) for word in words) for start in fold(with_).split())


def _unknown(part: Part, meaning: Meaning) -> Q | None:
    meaning.problems.append(f"“{part.key}:{part.text[:40]}” means nothing here. After “{part.key}:” comes {FILTERS[part.key]}.")
    return None


def _nobody(part: Part, meaning: Meaning, words: str) -> Q | None:
    meaning.problems.append(f"{words} “{part.text[:40]}”; “{part.key}:” was left out.")
    return None


def _no_day(part: Part, meaning: Meaning) -> Q | None:
    meaning.problems.append(f"“{part.text[:40]}” is no day. Write it as 2026-10-01, today, yesterday, or 7d for seven days ago.")
    return None


# --- Words ------------------------------------------------------------------------------------------------------------


def fold(text: str) -> str:
    """Lower case, without accents: what `helpdesk_fold` does to all that is searched."""
    text = unicodedata.normalize("NFKD", text) if not text.isascii() else text
    return "".join(letter for letter in text if not "\u0300" <= letter <= "\u036f").lower()


def _read_words(meaning: Meaning) -> None:
    parts = meaning.asked.of("", "customer", "subject")
    lexemes = _lexemes([fold(part.text).translate(_TAGS) for part in parts])
    stops = [not found.stems and not part.key for part, found in zip(parts, lexemes, strict=True)]
    alternatives = []
    for part, found, is_stop in zip(parts, lexemes, stops, strict=True):
        if not found.parts or (is_stop and not all(stops)):
            continue  # “the” says nothing beside other words, and is a name where it stands alone
        if part.is_negated and part.is_quoted and " " in part.text:
            continue  # not these words, only not beside each other
        query = _query(part, found)
        alternatives.append(f"!({query})" if part.is_negated else f"({query})")
        if not part.is_negated:
            meaning.words += [*found.stems, *found.parts]
    meaning.tsquery = " & ".join(alternatives)
    _add_phrases(meaning)


def _query(part: Part, found: Lexemes) -> str:
    if part.key == "customer":
        return " & ".join(f"{_lexeme(word)}:*A" for word in found.parts)
    weight = "C" if part.key == "subject" else ""
    written = " & ".join(
        f"{_lexeme(word)}:{'' if part.is_quoted or len(word) < PREFIX_FROM else '*'}{weight}".rstrip(":") for word in found.parts
    )
    stems = " & ".join(f"{_lexeme(stem)}:{weight}".rstrip(":") for stem in found.stems)
    return f"({written}) | ({stems})" if stems and not part.is_quoted else written


def _add_phrases(meaning: Meaning) -> None:
    """The words of a phrase are looked up; that they stand beside each other is read in what was found."""
    for part in meaning.asked.words:
        if part.is_quoted and " " in part.text:
            stands = Q(subject__icontains=part.text) | Q(pk__in=_said(part.text))
            meaning.filters.append(~stands if part.is_negated else stands)


def _said(phrase: str) -> object:
    from django.db.models import OuterRef

    from helpdesk.models import Message

    return Message.objects.filter(ticket=OuterRef("pk"), body__icontains=phrase).values("ticket")


@dataclass(frozen=True)
class Lexemes:
    """What the dictionaries make of a text: stems (none of a stop word), and its words as they are written."""

    stems: list[str]
    parts: list[str]


def _lexemes(texts: list[str]) -> list[Lexemes]:
    if not texts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_LEXEMES, [texts])
        return [Lexemes(stems, parts) for stems, parts in cursor.fetchall()]


_LEXEMES = r"""
SELECT tsvector_to_array(to_tsvector('english', text)),
       tsvector_to_array(to_tsvector('simple', translate(text, '@._+-/\', '       ')))
FROM unnest(%s::text[]) WITH ORDINALITY AS asked (text, place) ORDER BY place
"""


def _lexeme(word: str) -> str:
    """Quoted as to_tsquery and ::tsquery read it."""
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
