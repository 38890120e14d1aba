"""Why the assistant decided as it did, in plain words, from the numbers that were logged with the decision."""

from __future__ import annotations

from dataclasses import dataclass

from learning.models import Decision


@dataclass(frozen=True)
class Why:
    sentences: list[str]


def why(decision: Decision) -> Why:
    return Why([])
