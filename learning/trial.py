"""Whether an article does what it was written for: what later questions say. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scipy.stats import beta

NEEDED = 0.5  # it must solve more of its questions than not ...
CERTAIN = 0.9  # ... and this must be so certain, before anything is decided
LATEST = 20  # later questions that count; what was long ago has been mended since


@dataclass(frozen=True)
class Trial:
    """`answered`: by the article, and it held. `failed`: by it, and it did not. `handed_off`: people had to answer."""

    answered: int = 0
    failed: int = 0
    handed_off: int = 0

    @property
    def asked(self) -> int:
        return self.answered + self.failed + self.handed_off

    @property
    def certainty(self) -> float:
        """P(it solves more than NEEDED of them), in (0, 1): the tail of a Beta(1 + answered, 1 + the rest), that is from a uniform prior."""
        return float(beta.sf(NEEDED, 1 + self.answered, 1 + self.failed + self.handed_off))

    @property
    def holds(self) -> bool:
        return self.certainty >= CERTAIN

    @property
    def fails(self) -> bool:
        return self.certainty <= 1 - CERTAIN

    def as_json(self) -> dict[str, Any]:
        return {
            "answered": self.answered,
            "failed": self.failed,
            "handed_off": self.handed_off,
            "asked": self.asked,
            "certainty": round(self.certainty, 4),
        }


def in_words(trial: dict[str, Any]) -> str:
    """What is known so far, for people."""
    asked = trial.get("asked", 0)
    if not asked:
        return (
            "Nobody has asked since the article is out. It takes three questions that it answers, and nothing against it, to close the gap."
        )
    told = [f"Since the article is out, {asked} {'question' if asked == 1 else 'questions'} came: it answered {trial['answered']} of them"]
    if trial["failed"]:
        told.append(f"{trial['failed']} of its answers failed")
    if trial["handed_off"]:
        told.append(f"{trial['handed_off']} went to people")
    sure = round(100 * trial["certainty"])
    return f"{', '.join(told)}. That it solves more than half of them is {min(max(sure, 1), 99)} % certain; at 90 % the gap closes, at 10 % it opens again."
