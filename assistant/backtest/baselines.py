"""What others would do with the same tickets: words alone, LlamaIndex as it comes, and a supervised model that is told every truth.

Runs in a process of its own beside the replay, and knows nothing of the database.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learning import head

REFIT = 500
STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0)
CHOOSE_AT = 2_000  # tickets; C is chosen once, on the last quarter of what came before
CONTEXT = 0.2  # weight of a context feature beside a unit vector; stronger or weaker serves this baseline worse on BANKING77

Matrix = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Task:
    """In the order of the run: questions, vectors, the index of the right article (-1 for none), page and segment values."""

    questions: list[str]
    vectors: Matrix
    truth: Ints
    context: list[list[str]]
    titles: list[str]
    bodies: list[str]
    article_vectors: Matrix


@dataclass(frozen=True)
class Outcome:
    """(n,) booleans: the first choice was right."""

    bm25: NDArray[np.bool_]
    llamaindex_vector: NDArray[np.bool_] | None
    supervised: NDArray[np.bool_]
    strength: float

    def to_bytes(self) -> bytes:
        columns = {name: column for name, column in vars(self).items() if column is not None}
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **columns)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Outcome:
        with np.load(io.BytesIO(stored)) as columns:
            return cls(columns["bm25"], columns.get("llamaindex_vector"), columns["supervised"], float(columns["strength"]))


def run(task: Task) -> Outcome:
    supervised, strength = supervise(task)
    return Outcome(bm25(task), llamaindex_vector(task), supervised, strength)


def bm25(task: Task) -> NDArray[np.bool_]:
    import bm25s

    texts = [f"{title}\n{body}" for title, body in zip(task.titles, task.bodies, strict=True)]
    index = bm25s.BM25()
    index.index(bm25s.tokenize(texts, stopwords="en", show_progress=False), show_progress=False)
    queries = bm25s.tokenize(task.questions, stopwords="en", show_progress=False)
    found, _ = index.retrieve(queries, k=1, show_progress=False)
    return np.asarray(found)[:, 0].astype(int) == task.truth


def llamaindex_vector(task: Task) -> NDArray[np.bool_] | None:
    """A VectorStoreIndex as in its first tutorial, with our embedder. None where LlamaIndex is not installed."""
    try:
        from llama_index.core import QueryBundle, VectorStoreIndex
        from llama_index.core.schema import TextNode
    except ImportError:
        return None
    nodes = [
        TextNode(id_=str(place), text=f"{title}\n\n{body}", embedding=vector.tolist())
        for place, (title, body, vector) in enumerate(zip(task.titles, task.bodies, task.article_vectors, strict=True))
    ]
    retriever = VectorStoreIndex(nodes, embed_model=_no_embedding()).as_retriever(similarity_top_k=1)
    right = np.zeros(len(task.questions), bool)
    for place, (question, vector) in enumerate(zip(task.questions, task.vectors, strict=True)):
        found = retriever.retrieve(QueryBundle(question, embedding=vector.tolist()))
        right[place] = bool(found) and int(found[0].node.node_id) == task.truth[place]
    return right


def _no_embedding() -> Any:
    """The vectors are given; without a model named it would ask OpenAI for one."""
    from llama_index.core.embeddings import MockEmbedding

    return MockEmbedding(embed_dim=384)


def supervise(task: Task) -> tuple[NDArray[np.bool_], float]:
    """The best of logistic regressions, given every true label so far, on the same vectors and context; refitted each 500 tickets."""
    inputs = np.hstack([task.vectors, _one_hot(task.context)]).astype(np.float32)
    right = np.zeros(len(inputs), bool)
    strength, fitted = 10.0, None
    for start in range(REFIT, len(inputs), REFIT):
        if start == min(CHOOSE_AT, max(REFIT, len(inputs) // 5 // REFIT * REFIT)):
            strength, fitted = _choose(inputs[:start], task.truth[:start]), None
        fitted = _fit(inputs[:start], task.truth[:start], strength, fitted)
        part = slice(start, start + REFIT)
        right[part] = _predict(fitted, inputs[part]) == task.truth[part] if fitted else False
    return right, strength


def _choose(inputs: Matrix, truth: Ints) -> float:
    cut = len(inputs) * 3 // 4
    scores = {}
    for strength in STRENGTHS:
        fitted = _fit(inputs[:cut], truth[:cut], strength)
        scores[strength] = float((_predict(fitted, inputs[cut:]) == truth[cut:]).mean()) if fitted else 0.0
    return max(scores, key=lambda strength: scores[strength])


def _fit(inputs: Matrix, truth: Ints, strength: float, start: head.Head | None = None) -> head.Head | None:
    known = truth >= 0
    if len(set(truth[known].tolist())) < 2:
        return None
    return head.fit(inputs[known], truth[known], np.ones(int(known.sum())), start, penalty=1 / strength, iterations=60)


def _predict(fitted: head.Head | None, inputs: Matrix) -> Ints:
    assert fitted is not None
    scores = inputs @ fitted.weights[:-1] + head.BIAS * fitted.weights[-1]
    predicted: Ints = fitted.source_ids[scores.argmax(axis=1)]
    return predicted


def _one_hot(context: Sequence[Sequence[str]]) -> Matrix:
    columns = []
    for values in zip(*context, strict=True):
        known = sorted(set(values) - {""})
        columns += [[CONTEXT * (value == each) for value in values] for each in known]
    return np.array(columns, np.float32).T.reshape(len(context), len(columns))
