"""Incidents over a past stream of texts, in memory: what `replay_incidents` and the benchmark run. The same rules as live (`incidents.py`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from learning import bursts
from learning.bursts import Background, Report, Vectors


@dataclass
class Raised:
    """An incident of the replay. `members`: reports, oldest first."""

    raised_at: dt.datetime
    members: list[Report]
    at_raise: int
    closed_at: dt.datetime | None = None
    words: frozenset[str] = frozenset()
    centre: Vectors = field(default_factory=lambda: np.zeros(0, np.float32))

    @property
    def last_at(self) -> dt.datetime:
        return max(report.at for report in self.members)

    def add(self, reports: Sequence[Report]) -> None:
        known = {report.key for report in self.members}
        self.members = sorted([*self.members, *(each for each in reports if each.key not in known)], key=lambda each: (each.at, each.key))
        self.centre, self.words = (
            bursts.middle([each.vector for each in self.members]),
            bursts.shared([each.words for each in self.members]),
        )


class Stream:
    """Feed it reports in time order."""

    def __init__(self) -> None:
        self.past: list[Report] = []
        self.window: list[Report] = []
        self.raised: list[Raised] = []
        self.seen: dict[str, dt.datetime] = {}
        self.usual: Background | None = None
        self.today: dt.date | None = None

    def feed(
        self,
        key: int,
        at: dt.datetime,
        vector: Vectors,
        words: frozenset[str],
        account: str,
        has_link: bool = False,
        is_known: bool = False,
    ) -> Raised | None:
        """The incident that this report raised, if it did. `is_known`: the sender has proved who they are; who wrote before is known anyway."""
        self.close(at)
        usual = self._background(at)
        known = is_known or (account in self.seen and at - self.seen[account] >= bursts.KNOWN_AFTER)
        report = Report(key, at, vector, words, account, known, has_link, *bursts.shares(usual, vector, words))
        self.past.append(report)
        self.seen.setdefault(account, at)
        for incident in self.open():
            if bursts.belongs(report, incident.centre, incident.words):
                incident.add([report])
                return None
        self.window = [each for each in [*self.window, report] if at - each.at <= bursts.WINDOW][-bursts.MOST :]
        found = bursts.scan(self.window, usual)
        return self._raise(found, at) if found else None

    def open(self) -> list[Raised]:
        return [incident for incident in self.raised if incident.closed_at is None]

    def close(self, at: dt.datetime) -> None:
        for incident in self.open():
            if at - incident.last_at >= bursts.QUIET:
                incident.closed_at = incident.last_at + bursts.QUIET

    def _raise(self, found: bursts.Burst, at: dt.datetime) -> Raised | None:
        members = [self.window[place] for place in found.members]
        kin = next((each for each in self.open() if bursts.is_same(each.centre, bursts.middle([one.vector for one in members]))), None)
        incident = kin or Raised(at, [], len(members))
        incident.add(members)
        taken = {report.key for report in members}
        for report in self.window:
            if report.key not in taken and bursts.belongs(report, incident.centre, incident.words):
                incident.add([report])
                taken.add(report.key)
        self.window = [report for report in self.window if report.key not in taken]
        if kin:
            return None
        self.raised.append(incident)
        return incident

    def _background(self, at: dt.datetime) -> Background:
        if self.usual is None or at.date() != self.today:
            self.past = self.past[-bursts.KEPT :]
            self.usual, self.today = bursts.background(self.past, at), at.date()
        return self.usual
