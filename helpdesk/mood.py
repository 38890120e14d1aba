"""How somebody seems to feel, from plain signals that an agent can check: what they did and how they write. Nothing is guessed beyond these, and each is said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

WORDS = {
    "angry": re.compile(
        r"\b(?:useless|ridiculous|unacceptable|terrible|awful|furious|angry|disgrace\w*|worst|scam|fed up|sick of|waste of (?:time|money))\b",
        re.IGNORECASE,
    ),
    "pressing": re.compile(r"\b(?:urgent(?:ly)?|asap|right now|immediately|deadline|blocked|stuck|can(?:no|['’])t work)\b", re.IGNORECASE),
    "again": re.compile(
        r"\b(?:still|not again|already (?:told|said|asked|tried)|as i said|(?:second|third) time|nobody answers)\b", re.IGNORECASE
    ),
    "pleased": re.compile(r"\b(?:thanks?|thank you|great|perfect|brilliant|lovely|works now|that worked|awesome|cheers)\b", re.IGNORECASE),
}
SAID = {"angry": "uses angry words", "pressing": "says that it is urgent", "again": "says that it goes on", "pleased": "says thank you"}
WEIGHT = {"angry": 2, "pressing": 1, "again": 1}
LOOKED_AT = 3  # messages: how somebody felt an hour ago is not how they feel now
LEVELS = [(3, "upset", "frown"), (1, "tense", "meh")]


@dataclass(frozen=True)
class Mood:
    """`level`: upset, tense, calm or pleased. `because`: the signals, in words."""

    level: str
    icon: str
    because: list[str]

    def __str__(self) -> str:
        return self.level.capitalize()

    @property
    def why(self) -> str:
        return ", ".join(self.because)


def read(said: Sequence[str], *, not_quite: int = 0, asked_for_person: bool = False) -> Mood:
    """`said`: what the customer wrote, oldest first. `not_quite`: how many answers they have sent back."""
    latest = list(said)[-LOOKED_AT:]
    text = "\n".join(latest)
    found = {kind for kind, pattern in WORDS.items() if pattern.search(text)}
    signals = [(WEIGHT[kind], SAID[kind]) for kind in ("angry", "pressing", "again") if kind in found]
    if any(map(_shouts, latest)):
        signals.append((2, "writes in capitals"))
    if re.search(r"[!?]{2,}", text):
        signals.append((1, "repeats ! and ?"))
    if asked_for_person:
        signals.append((1, "asked for a person"))
    if not_quite:
        signals.append((min(not_quite, 2), "sent an answer back" if not_quite == 1 else f"sent {not_quite} answers back"))
    weight, because = sum(weight for weight, _ in signals), [words for _, words in signals]
    for least, level, icon in LEVELS:
        if weight >= least:
            return Mood(level, icon, because)
    if "pleased" in found and latest and WORDS["pleased"].search(latest[-1]):
        return Mood("pleased", "smile", [SAID["pleased"]])
    return Mood("calm", "smile", [])


def _shouts(text: str) -> bool:
    """More than a product's name or an error's code."""
    words = re.findall(r"[^\W\d_]{3,}", text)
    return len(words) >= 3 and sum(word.isupper() for word in words) >= 0.7 * len(words)
