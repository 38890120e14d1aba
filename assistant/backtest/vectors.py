"""Vectors of a corpus, computed once and kept for the next run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from helpdesk.search import embedder
from helpdesk.search.kept import Kept


@contextmanager
def remembered(texts: Sequence[str]) -> Iterator[Kept]:
    """Within this block no text is embedded twice, and `texts` are embedded now."""
    before = embedder.get_embedder()
    kept = Kept(before)
    kept.embed(list(dict.fromkeys(texts)))
    kept.save()  # whatever becomes of the run
    embedder.use_embedder(embedder.Embedder(kept))
    try:
        yield kept
    finally:
        embedder.use_embedder(before)
        kept.save()
