"""A corpus some of whose articles do not exist: agents answer in their own words, and learned resolutions must form."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from helpdesk.corpus import Corpus, PastArticle, PastTicket

OPENINGS = (
    "",
    "Thanks for writing in. ",
    "Happy to help with this one. ",
    "Sorry about that. ",
    "Good question. ",
    "This is how it works: ",
)
CLOSINGS = ("", " Let me know how it goes.", " Write to us again if that doesn't help.", " That should be it.")
OWN_WORDS = (
    "This is what to do about “{title}”: open it in the app, choose the entry that fits, confirm, and it is done within a minute or two."
)
_MARKDOWN = re.compile(r"[*_`#]+|^\s*(?:\d+\.|[-•])\s+", re.MULTILINE)
_SENTENCES = re.compile(r"(?<=[.!?])\s+")


def hide(found: Corpus, share: float, seed: int) -> Corpus:
    """Without this share of the articles; their tickets have a `topic` and the reply of an agent instead."""
    rng = np.random.default_rng([seed, 20])
    drawn = rng.permutation(len(found.articles))[: round(share * len(found.articles))]
    hidden = {found.articles[place].key: found.articles[place] for place in drawn}
    return replace(
        found,
        articles=[article for article in found.articles if article.key not in hidden],
        tickets=[_without(past, hidden, rng) for past in found.tickets],
    )


def _without(past: PastTicket, hidden: dict[str, PastArticle], rng: np.random.Generator) -> PastTicket:
    article = hidden.get(past.resolved_by or "")
    if article is None:
        return past
    return replace(past, resolved_by=None, topic=article.key, reply=past.reply or in_own_words(article, rng))


def in_own_words(article: PastArticle, rng: np.random.Generator) -> str:
    """What the article says, as somebody in a hurry says it: one of its sentences is left out, another greeting, another end. Never its key."""
    sentences = _SENTENCES.split(_MARKDOWN.sub("", article.body).replace("\n", " ").strip()) if article.body else []
    if len(sentences) > 2:
        sentences.pop(int(rng.integers(len(sentences))))
    said = " ".join(each.strip() for each in sentences if each.strip()) or OWN_WORDS.format(title=article.title)
    return f"{rng.choice(OPENINGS)}{said}{rng.choice(CLOSINGS)}"
