"""Learned answers on probation: who is served one, and when the evidence moves it on. `proving` has the maths."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db.models import F, Q, QuerySet

from helpdesk.models import Source
from learning import chance, proving
from learning.models import Episode, LearnedResolution

CANARY_SHARE = 0.2  # of tickets


def is_aside(trial: str, ticket_id: int) -> bool:
    """Whether a source with this mark is only compared on this ticket. A shadow always; a canary on four of five, drawn once and for all."""
    return trial != "" and not (trial == Source.Trial.CANARY and chance.is_in(CANARY_SHARE, "canary", ticket_id))


def judge(at: dt.datetime, sources: Collection[int] | None = None) -> list[LearnedResolution]:
    """Move on what its outcomes speak for, and retire what they speak against; of these sources, or of all. Those that have changed.

    Two queries when nothing changes.
    """
    watched = LearnedResolution.objects.standing().exclude(state=LearnedResolution.State.DRAFT)
    watched = watched.select_related("ticket__team")
    found = list(watched if sources is None else watched.filter(source__in=sources))
    records = _records([each.source_id for each in found])
    changed = []
    for resolution in found:
        record = records.get(resolution.source_id, proving.Record())
        if (resolution.accounts, resolution.failed) != (record.helped, record.failed):
            resolution.accounts, resolution.failed = record.helped, record.failed
            resolution.save(update_fields=["accounts", "failed"])
        if _move(resolution, record, at):
            changed.append(resolution)
    return changed


def _move(resolution: LearnedResolution, record: proving.Record, at: dt.datetime) -> bool:
    if record.fails:
        return resolution.retire(_failed(record), at=at)
    if resolution.ticket is not None and resolution.ticket.team is not None and resolution.ticket.team.is_private:
        return False  # what a private team wrote goes no further without an agent's word
    if resolution.state == LearnedResolution.State.SHADOW and record.may_be_tried:
        resolution.serve_to_a_few(at=at)
        return not record.may_go_live or resolution.prove(at=at)
    return resolution.state == LearnedResolution.State.CANARY and record.may_go_live and resolution.prove(at=at)


def _failed(record: proving.Record) -> str:
    return f"It failed {record.failed} account{'' if record.failed == 1 else 's'} and helped {record.helped}"


def _records(sources: Collection[int]) -> dict[int, proving.Record]:
    """What came of each since an agent last stood up for it. A query."""
    columns = ("source_id", "account", F("credit") * F("trust"), "decision__ticket_id", "source__resolution__ticket_id")
    told: dict[int, list[tuple[str, float, bool]]] = {}
    for source, account, credit, ticket, learned_from in _counted(sources).values_list(*columns):
        told.setdefault(source, []).append((account, credit, ticket is not None and ticket == learned_from))
    return {source: proving.record(outcomes) for source, outcomes in told.items()}


def spoken_of(resolution: LearnedResolution, *, for_it: bool) -> QuerySet[Episode]:
    """The outcomes that speak for it, or against it, since an agent last stood up for it."""
    found = _counted([resolution.source_id])
    return found.filter(credit__gt=0) if for_it else found.filter(credit__lt=0)


def _counted(sources: Collection[int]) -> QuerySet[Episode]:
    since = F("source__resolution__judged_from")
    found = Episode.objects.filter(source__in=sources).exclude(credit=0)
    return found.filter(Q(at__gte=since) | Q(source__resolution__judged_from=None))
