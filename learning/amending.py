"""A drafted fix: an article's passage, amended with what agents have answered instead. Extractive, so that it says nothing nobody has said. Pure, over text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

ALIKE = 0.3  # share of words in common from which a sentence of a reply says what a sentence of the passage says, differently
SAME = 0.9
LEAST_WORDS = 5
MOST_NEW = 4  # sentences
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z*\[0-9])|\n+")
_LIST_MARK = re.compile(r"^(?:[-*]|\d+[.)])\s+")
_WORD = re.compile(r"[a-z0-9]+")
_COMMON_WORDS = (
    "a an and are as at be by can for from has have i if in is it not now of on or our so that the then there this to was we will with"
)
_COMMON = frozenset(_COMMON_WORDS.split()) | {"you", "your"}
_CHATTER = re.compile(
    r"\b(?:sorry|apolog|thanks|thank you|let me know|hope (?:this|that)|feel free|happy to|get in touch|you(?:['’]re| are) right|described here)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Line:
    """`kind`: "same", "removed" or "added"."""

    kind: str
    text: str


def amend(passage: str, replies: Sequence[str]) -> list[Line]:
    """The passage sentence by sentence, with what replies (newest first) say otherwise in place of it, and what they add at the end.

    Of two replies on the same sentence the newer one stands. Without any difference all lines are "same".
    """
    old = _sentences(passage)
    instead: dict[int, str] = {}
    new: list[str] = []
    for said in (each for reply in replies for each in _sentences(reply) if _is_telling(each)):
        likeness = [_overlap(said, each) for each in old]
        best = max(range(len(old)), key=lambda place: likeness[place], default=-1)
        if best >= 0 and likeness[best] >= ALIKE:
            if likeness[best] < SAME:
                instead.setdefault(best, said)
        elif len(new) < MOST_NEW and all(_overlap(said, each) < ALIKE for each in [*new, *instead.values()]):
            new.append(said)
    lines: list[Line] = []
    for place, each in enumerate(old):
        lines += [Line("removed", each), Line("added", _marked(each, instead[place]))] if place in instead else [Line("same", each)]
    return lines + [Line("added", each) for each in new]


def text(lines: Sequence[Line]) -> str:
    """The amended passage, to copy."""
    return "\n".join(line.text for line in lines if line.kind != "removed")


def nearest(passages: Sequence[str], replies: Sequence[str]) -> str:
    """The passage that speaks most of what the replies speak of; empty when there is none."""
    spoken = " ".join(replies)
    return max(passages, key=lambda passage: len(_words(passage) & _words(spoken)), default="")


def _sentences(passage: str) -> list[str]:
    return [each.strip() for each in _SENTENCE.split(passage) if each.strip()]


def _is_telling(sentence: str) -> bool:
    return len(sentence.split()) >= LEAST_WORDS and not sentence.endswith("?") and not _CHATTER.search(sentence)


def _marked(before: str, after: str) -> str:
    """A step stays a step."""
    mark = _LIST_MARK.match(before)
    return (mark[0] if mark else "") + _LIST_MARK.sub("", after)


def _overlap(one: str, other: str) -> float:
    """Jaccard similarity of their words, without the commonest, in [0, 1]."""
    mine, theirs = _words(one), _words(other)
    return len(mine & theirs) / len(mine | theirs) if mine | theirs else 0.0


def _words(sentence: str) -> set[str]:
    return set(_WORD.findall(_LIST_MARK.sub("", sentence).lower())) - _COMMON
