"""The words of a text, as far as they tell what it is about."""

from __future__ import annotations

import re

LIMIT = 60
_WORD = re.compile(r"[a-z][a-z0-9]*(?:[-_.][a-z0-9]+)*|\d{3,}")
_NOISE = re.compile(r"(?:https?://|www\.)\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ORDINARY = """
a about after again all also always am an and another any anybody anyone anything are as ask at away back be because been before being
best but by came can cannot cant case come could dear did do does doing done dont each else even ever every everybody everyone
everything few first for from get gets getting give goes going good got had has have having he hello help her here hey hi him his how i
if in into is it its just keep know last later let like made make many may maybe me mine more most much my myself need needs never new
next no nobody none nor not nothing now of off often ok old on once one only or other our ours out over own people please put quite
rather really regards said same say says see seems she should since so some somebody someone something soon still such sure take team
tell than thank thanks that the their them then there these they thing things think this those though through to today too tried try
trying two under until up us use used user very want was way we well went were what when where whether which while who why will wish
with without work working works would yes yet you your yours morning yesterday day days week weeks hour hours minute minutes time times
question anyway already almost although between both during either however instead might must neither per several shall within
"""
STOP = frozenset(_ORDINARY.split())


def words(text: str) -> frozenset[str]:
    """Up to LIMIT telling words, in lower case, without their commonest endings; addresses are left out, numbers of three digits and more kept."""
    found = dict.fromkeys(_stem(word) for word in _WORD.findall(_NOISE.sub(" ", text.lower().replace("’", "'"))) if word not in STOP)
    return frozenset([word for word in found if len(word) > 1 and word not in STOP][:LIMIT])


def _stem(word: str) -> str:
    """Enough that *report*, *reports* and *reported* are one word; no more is needed to count them."""
    for ending, least in (("ings", 5), ("ing", 5), ("ies", 4), ("ied", 4), ("ers", 5), ("ed", 5), ("es", 5), ("s", 4)):
        if word.endswith(ending) and len(word) >= least + 1 and not word.endswith("ss"):
            return word[: -len(ending)] + ("y" if ending in {"ies", "ied"} else "")
    return word


def has_link(text: str) -> bool:
    """A web or mail address."""
    return bool(_NOISE.search(text.lower()))
