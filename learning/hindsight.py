"""What past decisions would have looked like with a head, where they were taken without one: a new head must be weighed before it decides.

Each is looked at through a head that has not seen it (two folds: Stone, JRSS B 1974), so that ranker, calibration, threshold and gate are fitted
to what a head is worth on questions that are new to it, and not to its memory.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from learning import choice, experience, features, ranker
from learning.experience import Recent, Solved
from learning.head import Head, Matrix, fit

LEAST_EPISODES = 50  # of a fold; with fewer it knows nothing
VOTE, HEAD, MIXTURE, FOR, AGAINST, PAGE = (features.PLACES[name] for name in ("vote", "head", "mixture", "for", "against", "page"))


def with_head(found: Recent, head: Head, past: Solved, share: float) -> Recent:
    """`found` with `renewed` as this head would have it. `share`: of the head in the mixture, in [0, 1]. A query where a decision had none, and two fits."""
    rows = np.flatnonzero(found.headless)
    if not len(rows):
        return found
    vectors, renewed = experience.asked(found.number[rows].tolist()), found.choices.features.copy()
    for fold in (0, 1):
        mine, others = found.number[rows] % 2 == fold, past.decisions % 2 != fold
        if others.sum() < LEAST_EPISODES or len(set(past.sources[others].tolist())) < 2:
            continue
        half = fit(past.vectors[others], past.sources[others], past.credits[others])
        judge = replace(half, temperature=head.temperature, counts=2 * half.counts)
        these = rows[mine]
        renewed[these] = mixed(renewed[these], found.sources[these], judge, vectors[mine], share)
    return replace(found, renewed=renewed)


def mixed(logged: choice.Floats, sources: choice.Ints, head: Head, vectors: Matrix, most: float) -> choice.Floats:
    """(n, m + 1, f) the features of n decisions without a head, "none of these" last, as `ranker.opinions` makes them with one.

    `sources`: (n, m), 0 where there is none. `vectors`: (n, d) of the questions. `most`: the share of the head in the mixture.
    """
    result = logged.copy()
    is_there = sources != 0
    places = np.searchsorted(head.source_ids, sources).clip(0, len(head.source_ids) - 1)
    is_known = is_there & (head.source_ids[places] == sources)
    trust = np.where(is_known, np.array([head.trust[source] for source in head.source_ids.tolist()])[places], 0.0)
    says = np.where(is_known, np.take_along_axis(head.likely(vectors), places, axis=1), 0.0)
    vote, before = (np.where(is_there, np.exp(logged[:, :-1, place]), 0.0) for place in (VOTE, MIXTURE))
    own = vote * (1 - trust)
    left = 1 - np.minimum(own.sum(axis=1, keepdims=True), 1.0)
    positive, negative = (np.expm1(logged[:, :-1, place]) for place in (FOR, AGAINST))
    share = ranker.near(np.full((len(sources), 1), most), positive.sum(axis=1, keepdims=True, where=is_there))
    kept = 1 - negative / (negative + positive + ranker.SHIPPED.against)
    opinion = np.where(is_there, ((1 - share) * vote + share * (own + left * says)) * kept, 0.0)
    on_page = opinion * np.exp(logged[:, :-1, PAGE])
    others = np.clip(1 - before.sum(axis=1) - np.exp(logged[:, -1, MIXTURE]), 0.0, 1.0)  # sources that were no candidates here
    total = np.minimum(opinion.sum(axis=1), 1 - others)
    after = on_page * (total / np.maximum(on_page.sum(axis=1), ranker.LEAST))[:, None]
    result[:, :-1, HEAD] = np.where(is_there, _log(np.where(is_known, says, vote)), 0.0)
    result[:, :-1, MIXTURE] = np.where(is_there, _log(after), 0.0)
    result[:, -1, MIXTURE] = _log(1 - others - after.sum(axis=1))
    return result


def _log(p: choice.Floats) -> choice.Floats:
    result: choice.Floats = np.log(np.maximum(p, features.LEAST))
    return result
