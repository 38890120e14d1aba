"""Colleagues and teams whom a note calls by name: @Tom Aldridge, @Tom where there is one Tom, @Billing."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.html import escape

if TYPE_CHECKING:
    from helpdesk.models import Ticket

_TAG = re.compile(r"(<[^>]*>)")


@dataclass
class Mentioned:
    names: list[str] = field(default_factory=list)  # as they stand in the text
    users: list[int] = field(default_factory=list)  # everybody called, through their teams too
    teams: list[int] = field(default_factory=list)


def find(body: str, ticket: Ticket) -> Mentioned:
    """Only those who may see the ticket can be called to it."""
    from helpdesk.models import Team, User

    found = Mentioned()
    if "@" not in body:
        return found
    people = (
        [each for each in User.objects.filter(is_active=True) if ticket.team_id not in each.closed_team_ids]
        if _is_private(ticket)
        else list(User.objects.filter(is_active=True))
    )
    firsts = Counter(each.first_name.casefold() for each in people)
    called = {each.name: [each] for each in people if each.name}
    called |= {each.first_name: [each] for each in people if firsts[each.first_name.casefold()] == 1 and each.first_name not in called}
    may_see = {each.pk for each in people}
    teams = {team.name: team for team in Team.objects.prefetch_related("members")}
    for name in sorted({*called, *teams}, key=len, reverse=True):
        pattern = rf"(?<![\w@])@{re.escape(name)}(?!\w)"
        if not re.search(pattern, body, re.IGNORECASE):
            continue
        body = re.sub(pattern, " ", body, flags=re.IGNORECASE)  # or @Tom would be found once more in @Tom Aldridge
        found.names.append(name)
        found.users += [each.pk for each in called.get(name, [])]
        if name in teams:
            found.teams.append(teams[name].pk)
            found.users += [member.pk for member in teams[name].members.all() if member.pk in may_see]
    found.users = list(dict.fromkeys(found.users))
    return found


def mark(clean: str, names: list[str]) -> str:
    """The names in sanitised HTML set apart, in the text only."""
    if not names:
        return clean
    pattern = re.compile("|".join(rf"@{re.escape(escape(name))}(?!\w)" for name in sorted(names, key=len, reverse=True)), re.IGNORECASE)
    parts = [part if part.startswith("<") else pattern.sub(r'<span class="mention">\g<0></span>', part) for part in _TAG.split(clean)]
    return "".join(parts)


def _is_private(ticket: Ticket) -> bool:
    return bool(ticket.team and ticket.team.is_private)
