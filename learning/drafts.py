"""What an agent changed in a draft: nothing, the tone, or the facts. Pure functions over text."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

_FACTS = re.compile(r"https?://\S+|\[[^\]]+\]\([^)]+\)|\*\*[^*]+\*\*|`[^`]+`|\b\d[\d.,:/]*\b")
_NEGATION = re.compile(r"\b(?:not|no|never|cannot|without|\w+n[’']t)\b", re.IGNORECASE)
SAME_WORDING = 0.6


def change(drafted: str, sent: str) -> str:
    """ "none", "tone" or "facts". Numbers, links, names of menus and negations are facts; so is most of the text being another one."""
    if _squeezed(drafted) == _squeezed(sent):
        return "none"
    if _facts(drafted) - _facts(sent) or len(_NEGATION.findall(drafted)) != len(_NEGATION.findall(sent)):
        return "facts"
    kept = SequenceMatcher(None, _squeezed(drafted).split(), _squeezed(sent).split(), autojunk=False)
    overlap = sum(block.size for block in kept.get_matching_blocks()) / max(len(_squeezed(drafted).split()), 1)
    return "tone" if overlap >= SAME_WORDING else "facts"


def adds_facts(known: str, said: str) -> bool:
    """Whether `said` names a number, a link or something to press that stands nowhere in `known`."""
    return any(fact.strip("*`").casefold() not in known.casefold() for fact in _facts(said))


def _facts(text: str) -> set[str]:
    return {found.strip(".,:/") for found in _FACTS.findall(text)}


def _squeezed(text: str) -> str:
    return " ".join(text.split())
