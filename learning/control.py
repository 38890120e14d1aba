"""The frozen control: what the assistant would do had it learned nothing. The current articles, day-one weights, day-one threshold."""

from __future__ import annotations

from collections.abc import Sequence

from learning import abstention, ranker
from learning.calibration import DAY_ONE
from learning.question import Candidate, Control


def decide(candidates: Sequence[Candidate], page: str) -> Control:
    """Search alone, over the articles only: learned resolutions are learning too."""
    articles = [each for each in candidates if not each.is_learned]
    if not articles:
        return Control(None, 0.0, "hand_off", abstention.CAUTIOUS)
    best, share = max(zip(articles, ranker.search_prior(articles, page), strict=True), key=lambda pair: (pair[1], -pair[0].source_id))
    score = DAY_ONE.one(ranker.raw_score(share))
    threshold = abstention.STRICT_CAUTIOUS if best.is_strict else abstention.CAUTIOUS
    return Control(best.source_id, score, "answer" if score >= threshold else "hand_off", threshold)
