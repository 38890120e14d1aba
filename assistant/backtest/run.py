"""One run from a corpus to its result: scratch database, replay, baselines beside it, figures."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.db.models import Q
from numpy.typing import NDArray

from assistant.backtest import baselines, changes, figures, scratch, stage
from assistant.backtest.checkpoint import Checkpoint
from assistant.backtest.customer import CANARY, Channels
from assistant.backtest.replay import Progress, Replay, Rules
from assistant.backtest.vectors import remembered
from helpdesk import events
from helpdesk.corpus import Corpus, PastTicket
from helpdesk.models import Message, Source
from helpdesk.search.kept import Kept
from learning import policies

KEEP_EVERY = 500


def planted_texts_served() -> int:
    """What the assistant said, or would say, of what hostile accounts planted. Zero, or something is broken."""
    said = Message.objects.filter(author=Message.Author.ASSISTANT, body__contains=CANARY).count()
    return said + Source.objects.filter(Q(title__contains=CANARY) | Q(body__contains=CANARY), is_live=True).count()


@dataclass(frozen=True)
class Plan:
    corpus: Corpus
    channels: Channels
    rules: Rules
    limit: int | None = None
    fresh: bool = False
    keep: bool = False

    @property
    def database(self) -> str:
        world = {"name": self.channels.name, "right": dict(self.channels.right), "wrong": dict(self.channels.wrong)}
        size = [len(self.corpus.articles), len(self.corpus.tickets)]
        return scratch.name_of({"corpus": self.corpus.name, "size": size, "world": world, "rules": asdict(self.rules), "limit": self.limit})

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint(Path(settings.DATA_DIR) / "backtest" / f"{self.database}.json")


class Run:
    """`play()` yields the number of tickets done; afterwards `result()` is the JSON described in docs/learning.md.

    `known`: where the baselines come from when another run on the same tickets has them.
    """

    def __init__(self, plan: Plan, known: Callable[[], baselines.Outcome] | None = None) -> None:
        self.plan, self._known = plan, known
        self.tickets = stage.in_order(plan.corpus, plan.rules.seed, plan.limit)
        self.progress = Progress()
        self._pool: ProcessPoolExecutor | None = None
        self._others: Future[baselines.Outcome] | None = None

    def embed(self) -> None:
        """What will be asked, once for all worlds: kept, so that those that start later need not do it again."""
        with remembered([past.question for past in self.tickets]):
            pass

    def play(self) -> Iterator[int]:
        texts = [past.question for past in self.tickets]
        answering = policies.always_answering() if self.plan.rules.always_answer else nullcontext()
        with remembered(texts) as vectors, answering:
            if self._known is None:
                self._others = self._start_baselines(vectors)
            with self._desk() as desk:
                if self.plan.rules.change_at is not None and len(self.progress.rows) > self.plan.rules.change_at:
                    changes.look_up(desk, self.plan.rules.seed)
                replay = Replay(self.tickets, desk, self.plan.channels, self.plan.rules, self.progress)
                yield len(self.progress.rows)
                for done in replay.run():
                    if done % KEEP_EVERY == 0:
                        self.plan.checkpoint.save(self.progress)
                    yield done
                self.progress.served = planted_texts_served()

    def result(self) -> dict[str, Any]:
        others = self.others()
        rows = figures.Rows(self.progress.rows)
        oracle = others.supervised if len(rows) > baselines.REFIT else None  # before its first fit it says nothing
        rules = self.plan.rules
        return {
            "corpus": self.plan.corpus.name,
            "n": len(rows),
            "seed": rules.seed,
            "windows": [figures.window(rows, start, end, oracle, baselines.REFIT) for start, end in figures.windows_of(len(rows))],
            "final": figures.final(rows, oracle),
            "reliability": figures.reliability(rows),
            "baselines": _baselines(rows, others, oracle),
            "latency_ms": figures.latency(rows, self.progress.updates, self.progress.events),
            "unanswerable": figures.unanswerable(rows),
            **({"hidden": figures.hidden(rows, self.progress.learned)} if rules.hide else {}),
            **({"hostile": {**figures.honest(rows), "served": self.progress.served}} if rules.hostile else {}),
            "staleness": self._staleness(),
        }

    def _staleness(self) -> dict[str, Any]:
        rows, raised, change_at = self.progress.rows, self.progress.suspicions, self.plan.rules.change_at
        return changes.figures(rows, raised, self.progress.changed, change_at, len(self.plan.corpus.articles))

    def others(self) -> baselines.Outcome:
        if self._known is not None:
            return self._known()
        assert self._others is not None
        return self._others.result()

    def close(self) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    @contextmanager
    def _desk(self) -> Iterator[stage.Stage]:
        plan, database = self.plan, self.plan.database
        if not plan.fresh and plan.checkpoint.is_good() and scratch.exists(database):
            scratch.enter(database)
            self.progress = plan.checkpoint.load()
            desk = stage.look_up(plan.corpus)
        else:
            plan.checkpoint.forget()
            scratch.create(database)
            with events.inline():
                desk = stage.set_up(plan.corpus, self.tickets[0].at)
        yield desk
        if not plan.keep:
            plan.checkpoint.forget()
            scratch.drop(database)

    def _start_baselines(self, vectors: Kept) -> Future[baselines.Outcome]:
        self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
        return self._pool.submit(baselines.run, _task(self.plan, self.tickets, vectors))


def _task(plan: Plan, tickets: list[PastTicket], vectors: Kept) -> baselines.Task:
    articles = plan.corpus.articles
    context = plan.rules.context
    return baselines.Task(
        questions=[past.question for past in tickets],
        vectors=vectors.embed([past.question for past in tickets]),
        truth=_truth(plan, tickets),
        context=[_context(past) if context else [] for past in tickets],
        titles=[article.title for article in articles],
        bodies=[article.body for article in articles],
        article_vectors=vectors.embed([f"{article.title}\n\n{article.body}" for article in articles]),
    )


def _truth(plan: Plan, tickets: list[PastTicket]) -> NDArray[np.int64]:
    """The index of the right article, -1 for none. What has become wrong is a class of its own from then on, unknown to who only searches."""
    place = {article.key: number for number, article in enumerate(plan.corpus.articles)}
    truth = np.array([place[past.resolved_by] if past.resolved_by else -1 for past in tickets], np.int64)
    if plan.rules.change_at is not None:
        later = truth[plan.rules.change_at :]
        for key in changes.drawn(list(place), plan.rules.seed):
            later[later == place[key]] += len(place)
    return truth


def _context(past: PastTicket) -> list[str]:
    return [past.page, past.segment.get("plan", ""), past.segment.get("lifecycle", "")]


def _baselines(rows: figures.Rows, others: baselines.Outcome, oracle: figures.Booleans | None) -> dict[str, Any]:
    part = figures.last_third(len(rows))
    found: dict[str, Any] = {"frozen": figures.frozen(rows)}
    for name, right in (("bm25", others.bm25), ("llamaindex_vector", others.llamaindex_vector), ("supervised", oracle)):
        top1 = figures.share(right[part]) if right is not None else None
        found[name] = {"top1": top1, "coverage": 1.0, "precision": top1, "resolved": top1} if right is not None else None
    if found["supervised"]:
        found["supervised"]["C"] = others.strength
    return found
