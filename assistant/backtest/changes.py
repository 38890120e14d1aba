"""`--change-at K`: from ticket K on a tenth of the sources is wrong, and nobody is told.

The old article stays published, as it was. What is right from then on is an article of its own, published at that moment with the same title and
text (what it would say instead is not in the corpus), so that search cannot tell the two apart: only what people do can. Agents link to the new one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np

from assistant.backtest.figures import Rows, share
from assistant.backtest.stage import Stage
from helpdesk import corpus
from helpdesk.corpus import PastArticle
from helpdesk.models import Article
from learning.calibration import expected_calibration_error
from learning.models import Suspicion

SHARE = 0.1
AS_IT_IS_NOW = "--as-it-is-now"
MONTH = dt.timedelta(days=30)


def drawn(keys: list[str], seed: int) -> list[str]:
    """The keys of the sources that change: a tenth, at least one."""
    chance = np.random.default_rng([seed, len(keys)])
    return [keys[place] for place in sorted(chance.choice(len(keys), max(1, round(SHARE * len(keys))), replace=False))]


def happen(desk: Stage, seed: int, at: dt.datetime) -> None:
    """Publish what is right from now on, and let the desk know. Learning is not told."""
    articles = [desk.articles[key].article for key in drawn(list(desk.articles), seed)]
    new = [
        PastArticle(
            key=article.slug[: 120 - len(AS_IT_IS_NOW)] + AS_IT_IS_NOW,
            title=article.title,
            body=article.body,
            category=article.category.name if article.category else "",
            pages=article.pages,
            locale=article.locale,
        )
        for article in articles
        if article is not None
    ]
    corpus.load_articles(new, at=at)
    look_up(desk, seed)


def look_up(desk: Stage, seed: int) -> None:
    """From here on the new article is the truth."""
    for key in drawn(list(desk.articles), seed):
        old = desk.articles[key]
        slug = corpus.slug_of(key)[: 120 - len(AS_IT_IS_NOW)] + AS_IT_IS_NOW
        desk.changed[key] = old.pk
        desk.articles[key] = Article.objects.select_related("source").get(slug=slug).source


def suspicions() -> list[tuple[int, str]]:
    return [(source, at.isoformat()) for source, at in Suspicion.objects.order_by("pk").values_list("source_id", "raised_at")]


def figures(
    rows: list[dict[str, Any]], raised: list[tuple[int, str]], changed: Sequence[int], change_at: int | None, topics: int
) -> dict[str, Any]:
    """How often sources were suspected without cause; with a change, how many wrong answers each changed one gave first, and what it cost.

    `topics`: how many sources are right at any moment. Of a source that was never suspect all wrong answers count.
    """
    if not rows:
        return {}
    when = [dt.datetime.fromisoformat(row["at"]) for row in rows]
    suspected = [(source, dt.datetime.fromisoformat(at)) for source, at in raised]
    since = when[change_at] if change_at is not None and change_at < len(rows) else None
    true = {source: at for source, at in reversed(suspected) if since and source in changed and at >= since}
    false = [at for source, at in suspected if not (since and source in changed and at >= since)]
    months = topics * (when[-1] - when[0]) / MONTH
    found: dict[str, Any] = {
        "false_suspicions": len(false),
        "source_months": round(months, 1),
        "false_a_source_month": round(len(false) / months, 4) if months else None,
    }
    if since is None or change_at is None:
        return found
    wrong = [_wrong_before(rows[change_at:], source, true.get(source)) for source in changed]
    return found | {"change_at": change_at, "changed": len(changed), "suspected": len(true), **_spread(wrong), **_quality(rows, change_at)}


def _wrong_before(rows: list[dict[str, Any]], source: int, suspected: dt.datetime | None) -> int:
    given = [row for row in rows if row["source"] == source and row["answered"] and not row["right"]]
    return sum(suspected is None or dt.datetime.fromisoformat(row["at"]) < suspected for row in given)


def _spread(wrong: list[int]) -> dict[str, Any]:
    return {"wrong_median": float(np.median(wrong)), "wrong_p90": round(float(np.percentile(wrong, 90)), 1), "wrong": sorted(wrong)}


def _quality(rows: list[dict[str, Any]], change_at: int) -> dict[str, Any]:
    """As long before the change as there is after it, and after it; of the changed topics alone too."""
    found = Rows(rows)
    after, before = slice(change_at, None), slice(max(2 * change_at - len(rows), 0), change_at)
    topics = np.array([row["changed"] for row in rows], bool)[after]
    right = found.right[after]
    return {
        "ece_after": round(expected_calibration_error(found.confidence[after], right.astype(float)), 4),
        "top1_before": share(found.right[before]),
        "top1_after": share(right),
        "top1_after_changed": share(right[topics]),
        "precision_before": share(found.right[before][found.answered[before]]),
        "precision_after": share(right[found.answered[after]]),
    }
