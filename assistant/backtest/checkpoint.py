"""How far a run has come, kept beside its scratch database, so that a run that was cut off goes on.

With the same code only: half a run of one and half of another is a figure of neither, and the tables may be others.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from assistant.backtest.replay import Progress
from helpdesk.models import Article, Source, Ticket
from learning.models import Policy, Suspicion

CODE = ("assistant", "learning", "helpdesk")


@lru_cache
def version() -> str:
    """Of the code that decides."""
    digest = hashlib.sha256()
    for path in sorted(path for part in CODE for path in (settings.BASE_DIR / part).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


class Checkpoint:
    def __init__(self, path: Path) -> None:
        self.path = path

    def is_good(self) -> bool:
        """There, and of this code."""
        try:
            return bool(json.loads(self.path.read_text())["code"] == version())
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def save(self, progress: Progress) -> None:
        stored = {**asdict(progress), "newest": _newest(), "code": version()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".tmp")
        draft.write_text(json.dumps(stored))
        draft.replace(self.path)

    def load(self) -> Progress:
        """Also takes out of the database what came after: those tickets are played again."""
        stored: dict[str, Any] = json.loads(self.path.read_text())
        newest, _ = stored.pop("newest"), stored.pop("code")
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
