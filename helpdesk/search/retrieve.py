"""Sources that may answer a question, by meaning and by words, always through the one door.

One statement does it all. Words are weighed by how rare they are among what the viewer may see (ts_rank does not know
rarity), so `rank` is the share of the question's weight that a source holds, and what nobody may see is not even counted.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import connection, transaction
from django.db.models import QuerySet
from numpy.typing import NDArray

from helpdesk.models import Category, Source

if TYPE_CHECKING:
    from helpdesk.viewers import Viewer

EXACT_CHUNKS = 10_000  # up to here reading every vector is as fast as the index, and misses nothing
SIZE_SECONDS = 60.0
DENSE_SHARE = 0.88

Number = NDArray[Any] | Sequence[float]


@dataclass(frozen=True)
class Hit:
    """A source, with the chunk of it that fits best; `chunk_id` is None until it has been indexed.

    `dense`: cosine of question and chunk, in [-1, 1]; 0 without vectors. `rank`: by words, in [0, 1]. `score`: both together.
    """

    source_id: int
    chunk_id: int | None
    kind: str
    title: str
    path: str
    heading: str
    text: str
    dense: float
    rank: float
    score: float
    pages: Sequence[str]
    is_strict: bool
    updated_at: dt.datetime
    is_suspect: bool = False
    trial: str = ""


def dense(vector: Number, viewer: Viewer, limit: int = 10) -> list[Hit]:
    """The sources nearest in meaning."""
    return find(Source.objects.visible_to(viewer), "", vector, limit)


def fulltext(text: str, viewer: Viewer, limit: int = 10) -> list[Hit]:
    """The sources that share the question's words."""
    return find(Source.objects.visible_to(viewer), text, None, limit)


def hybrid(text: str, vector: Number | None, viewer: Viewer, limit: int = 10, also: Collection[int] = ()) -> list[Hit]:
    """Both; by words alone when there is no vector. `also`: ids of sources to measure too, as far as the viewer may see them."""
    return find(Source.objects.visible_to(viewer), text, vector, limit, also)


def find(visible: QuerySet[Source], text: str, vector: Number | None, limit: int, also: Collection[int] = ()) -> list[Hit]:
    """The best of `visible` sources and those of `also` among them, at most one hit each, best first."""
    door, door_params = visible.order_by().values("pk").query.sql_with_params()
    is_large, total = _size(door, door_params)
    plan = _LARGE if is_large else _EXACT
    sql = _FIND.format(
        door=door,
        visible=plan.visible,
        total=plan.total,
        found=plan.found,
        nearest=_NOTHING if vector is None else plan.nearest,
        tie=_BY_WORDS if vector is None else "",
    )
    literal = None if vector is None else "[" + ",".join(f"{number:.7g}" for number in np.asarray(vector, np.float32).tolist()) + "]"
    params = [
        *door_params,
        literal,
        searchable(text),
        *([total] if is_large else []),
        limit,
        *([] if vector is None else [limit]),
        list(also),
    ]
    with transaction.atomic() if is_large else nullcontext(), connection.cursor() as cursor:
        if is_large:
            cursor.execute(_ITERATE)
        cursor.execute(sql, params)
        hits = [_hit(*row, has_vector=vector is not None) for row in cursor.fetchall()]
    hits.sort(key=lambda hit: (-hit.score, hit.source_id))
    return [hit for place, hit in enumerate(hits) if place < limit or hit.source_id in also]


def searchable(text: str) -> str:
    """What the database takes, of any input; the first words of a long one."""
    return " ".join(text[:4_000].replace("\x00", " ").encode("utf-8", "replace").decode().split()[:100])


def _hit(source_id: int, dense: Any, rank: float, risk: str | None, *rest: Any, has_vector: bool) -> Hit:
    dense, rank = float(dense or 0.0), min(float(rank), 1.0)
    kind, title, path, chunk, heading, text, pages, updated_at, is_suspect, trial = rest
    score = DENSE_SHARE * dense + (1 - DENSE_SHARE) * rank if has_vector else rank
    is_strict = risk == Category.Risk.STRICT
    shown = (kind, title, path, heading or title, text)
    return Hit(source_id, chunk, *shown, dense, rank, score, pages, is_strict, updated_at, is_suspect, trial)


_sizes: dict[tuple[str, tuple[Any, ...]], tuple[float, bool, int]] = {}


def _size(door: str, params: tuple[Any, ...]) -> tuple[bool, int]:
    """Whether what lies behind the door is too much to read in full, and how many sources it is, about."""
    key = (door, params)
    known = _sizes.get(key)
    if known and time.monotonic() - known[0] < SIZE_SECONDS:
        return known[1], known[2]
    with connection.cursor() as cursor:
        cursor.execute(_SIZE.format(door=door), [*params, EXACT_CHUNKS + 1])
        sources, chunks = cursor.fetchone()
    if len(_sizes) > 256:
        _sizes.clear()
    _sizes[key] = (time.monotonic(), chunks > EXACT_CHUNKS, sources)
    return chunks > EXACT_CHUNKS, sources


_SIZE = """
WITH visible (source_id) AS MATERIALIZED ({door})
SELECT (SELECT count(*) FROM visible),
       (SELECT count(*) FROM (SELECT 1 FROM helpdesk_chunk AS chunk JOIN visible USING (source_id) LIMIT %s) AS chunk)
"""

# Without iteration a filtered index scan stops after its first 40 rows, whoever they belong to.
_ITERATE = """
SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', '100', true)
"""


@dataclass(frozen=True)
class _Plan:
    """How to read, by the size of what is visible. Where only part of it can be read, the rest is counted in Python."""

    visible: str
    total: str
    found: str
    nearest: str


_EXACT = _Plan(
    visible="MATERIALIZED",
    total="(SELECT count(*) FROM visible)",
    found="""
    SELECT word.word, source.id FROM word JOIN helpdesk_source AS source ON source.tsv @@ word.query
    JOIN visible ON visible.source_id = source.id
    """,
    # The aggregate keeps the planner from the vector index, whose recall collapses under a selective filter.
    nearest="""
    SELECT chunk.source_id FROM helpdesk_chunk AS chunk JOIN visible USING (source_id) WHERE chunk.vector IS NOT NULL
    GROUP BY chunk.source_id ORDER BY min(chunk.vector <=> (SELECT question.vector FROM question)), chunk.source_id LIMIT %s
    """,
)

_LARGE = _Plan(
    visible="NOT MATERIALIZED",
    total="%s",
    # A word that stands in more than 500 sources says nothing about any of them.
    found="""
    SELECT word.word, source.id FROM word CROSS JOIN LATERAL (
        SELECT source.id FROM helpdesk_source AS source
        WHERE source.tsv @@ word.query AND source.id IN (SELECT visible.source_id FROM visible) LIMIT 500
    ) AS source
    """,
    nearest="""
    SELECT chunk.source_id FROM (
        SELECT chunk.source_id, chunk.vector <=> (SELECT question.vector FROM question) AS distance FROM helpdesk_chunk AS chunk
        WHERE chunk.vector IS NOT NULL AND chunk.source_id IN (SELECT visible.source_id FROM visible)
        ORDER BY distance LIMIT 100
    ) AS chunk
    GROUP BY chunk.source_id ORDER BY min(chunk.distance), chunk.source_id LIMIT %s
    """,
)

_NOTHING = "SELECT NULL::bigint AS source_id WHERE false"

# Every column is qualified: a bare `id` that one day is not in `visible` would mean the outer table's, and let all through.
_FIND = r"""
WITH visible (source_id) AS {visible} ({door}),
question AS MATERIALIZED (SELECT %s::vector AS vector),
word AS MATERIALIZED (
    SELECT word.word, quoted.word::tsquery AS query, (quoted.word || ':A')::tsquery AS in_title
    FROM unnest(tsvector_to_array(to_tsvector('english', %s))) AS word (word),
         concat('''', replace(replace(word.word, '\', '\\'), '''', ''''''), '''') AS quoted (word)
    LIMIT 32
),
found AS MATERIALIZED ({found}),
weight AS MATERIALIZED (
    SELECT word.word, ln(1 + {total} / (0.5 + count(found.id))) AS weight
    FROM word LEFT JOIN found ON found.word = word.word GROUP BY word.word
),
by_words AS (
    SELECT found.id FROM found JOIN weight ON weight.word = found.word
    GROUP BY found.id ORDER BY sum(weight.weight) DESC, found.id LIMIT %s
),
by_meaning AS ({nearest}),
picked AS (
    SELECT by_words.id FROM by_words UNION SELECT by_meaning.source_id FROM by_meaning
    UNION SELECT visible.source_id FROM visible WHERE visible.source_id = ANY(%s)
)
SELECT source.id, 1 - best.distance, coalesce(words.rank, 0), category.risk,
       source.kind, source.title, source.path, best.id, best.heading, coalesce(best.text, source.body), source.pages, source.updated_at,
       source.suspect_since IS NOT NULL, source.trial
FROM picked JOIN helpdesk_source AS source ON source.id = picked.id
LEFT JOIN helpdesk_category AS category ON category.id = source.category_id
CROSS JOIN LATERAL (
    SELECT sum(weight.weight * CASE WHEN source.tsv @@ word.in_title THEN 1 WHEN source.tsv @@ word.query THEN 0.4 ELSE 0 END)
           / nullif(sum(weight.weight), 0) AS rank
    FROM word JOIN weight ON weight.word = word.word
) AS words
LEFT JOIN LATERAL (
    SELECT chunk.id, chunk.heading, chunk.text, chunk.vector <=> (SELECT question.vector FROM question) AS distance
    FROM helpdesk_chunk AS chunk WHERE chunk.source_id = source.id
    ORDER BY distance, {tie} chunk.position LIMIT 1
) AS best ON true
"""

# Without a vector the chunk is chosen by words; with one, counting them would only cost time.
_BY_WORDS = "(SELECT count(*) FROM word WHERE chunk.tsv @@ word.query) DESC,"
