"""An article drafted from what agents answered: their own sentences, the central ones, each said once. Pure functions over texts and vectors.

The answer most like the others is kept whole and in its order, since steps depend on each other; sentences of other answers that say something new are
added below, those first that are nearest to what all of them say (maximal marginal relevance: Carbonell & Goldstein, SIGIR 1998).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

SAME = 0.72  # cosine from which two sentences say the same
ON_THE_MATTER = 0.3  # cosine with the middle of all, below which a sentence is about something else
AGREES = 0.5  # cosine of two answers that say the same
MORE = 4  # sentences added to the central answer
LEAST_WORDS = 4
_SPLIT = re.compile(r"(?<=[.!?])[\"”)*]*\s+(?=[\"“(*`\[]*[A-Z0-9])|\n+")
# What is said to one customer only: I, our dealings with them, small talk, and what had a name in it.
_PERSONAL = re.compile(
    r"\b(?:I|I[’']\w+|me|my|sorry|apologi[sz]e|thanks?|thank you|cheers|hope|glad|happy|welcome|let us know|colleague|hi|hello|dear"
    r"|you (?:wrote|sent|asked|mentioned|said)|as discussed|we(?:[’']ve| have) (?:just|now)|your (?:ticket|case|account is|plan is)"
    r"|(?:he|she|him|her|his|yours|your \d+|it[’']s (?:back|done|fixed|on its way)|today|tomorrow|yesterday|monday|tuesday|wednesday|thursday|friday|belt and braces))\b",
    re.IGNORECASE,
)
# What leans on the sentence before it cannot stand alone.
_LEANING = re.compile(
    r"^(?:it|its|it[’']s|that|that[’']s|this|these|those|they|then|there|yes|no|not|so|but|and|or|also|too|otherwise|if that|"
    r"keep its|set its|put both|put in|first|second|third|step \w+|finally|after that|afterwards|in which case|please now|should it|\(?\d+\)|[-–•])\b|^\(?\d+[.)]",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"\[(?:name|email|phone|number|reference|secret|account)\]")


def sentences(answer: str) -> list[str]:
    """The sentences and list items of a text that could stand in an article: not those that speak to one customer, ask, or say next to nothing."""
    found = [part.strip() for part in _SPLIT.split(answer)]
    return [part for part in found if _is_general(part)]


def _is_general(sentence: str) -> bool:
    if len(sentence.split()) < LEAST_WORDS or sentence.rstrip('*_”")').endswith("?"):
        return False
    return not _PERSONAL.search(sentence) and not _PLACEHOLDER.search(sentence)


def agreement(answers: Vectors) -> float:
    """The share of (n, d) answers that say the same as the central one, in (0, 1); shrunk to 2/3, where one answer alone leaves it."""
    centre = answers[int((answers @ answers.mean(axis=0)).argmax())]
    agreeing = int((answers @ centre >= AGREES).sum()) - 1
    return (agreeing + 2) / (len(answers) - 1 + 3)


def compose(parts: Sequence[Sequence[str]], vectors: Sequence[Vectors]) -> tuple[list[str], list[str]]:
    """The sentences of the central answer in order, and what others add. `parts`: of each answer its sentences; `vectors`: (len, d) of each."""
    kept = [(list(texts), found) for texts, found in zip(parts, vectors, strict=True) if texts]
    if not kept:
        return [], []
    middle = _unit(np.mean([_unit(found.mean(axis=0)) for _, found in kept], axis=0))
    # Of two equally central ones the longer: it leaves less to be added.
    centre = max(
        range(len(kept)), key=lambda place: float(_unit(kept[place][1].mean(axis=0)) @ middle) + 0.02 * min(len(kept[place][0]), 5)
    )
    texts, said = kept[centre]
    chosen = list(said)
    others = [
        (float(row @ middle), text, row)
        for place, (each, found) in enumerate(kept)
        if place != centre
        for text, row in zip(each, found, strict=True)
    ]
    more: list[str] = []
    for nearness, text, row in sorted(others, key=lambda other: (-other[0], other[1])):
        if len(more) < MORE and nearness >= ON_THE_MATTER and not _LEANING.match(text) and max(float(row @ each) for each in chosen) < SAME:
            more.append(text)
            chosen.append(row)
    return texts, more


def markdown(main: Sequence[str], more: Sequence[str]) -> str:
    """As an article's body."""
    if not main:
        return ""
    parts = [" ".join(main)]
    if more:
        parts.append("## Good to know\n\n" + "\n".join(f"- {text}" for text in more))
    return "\n\n".join(parts)


def _unit(vector: Vectors) -> Vectors:
    result: Vectors = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return result
