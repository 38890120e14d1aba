"""How far a run has come, kept beside its scratch database, so that a run that was cut off goes on."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant.backtest.replay import Progress
from helpdesk.models import Article, Source, Ticket
from learning.models import Policy, Suspicion


class Checkpoint:
    def __init__(self, path: Path) -> None:
        self.path = path

    def exists(self) -> bool:
        return self.path.is_file()

    def save(self, progress: Progress) -> None:
        stored = {**asdict(progress), "newest": _newest()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".tmp")
        draft.write_text(json.dumps(stored))
        draft.replace(self.path)

    def load(self) -> Progress:
        """Also takes out of the database what came after: those tickets are played again."""
        stored: dict[str, Any] = json.loads(self.path.read_text())
        newest = stored.pop("newest")
        Ticket.objects.filter(pk__gt=newest["ticket"]).delete()
        Policy.objects.filter(pk__gt=newest["policy"]).delete()
        Source.objects.filter(pk__gt=newest["source"]).delete()
        Article.objects.filter(pk__gt=newest["article"]).delete()
        Suspicion.objects.filter(pk__gt=newest["suspicion"]).delete()
        stored["returns"] = [tuple(each) for each in stored["returns"]]
        return Progress(**stored)

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)


def _newest() -> dict[str, int]:
    return {
        "ticket": _last(Ticket),
        "policy": _last(Policy),
        "source": _last(Source),
        "article": _last(Article),
        "suspicion": _last(Suspicion),
    }


def _last(model: Any) -> int:
    return model.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
