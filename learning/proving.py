"""Whether what people taught helps others: what its outcomes say. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scipy.stats import beta

HALF = 0.5  # it must solve more of its questions than not
CERTAIN = 0.9  # that it does not, before it is retired for it
TRIED_FROM, LIVE_FROM = 2, 3  # accounts it helped, besides the one it was learned from


@dataclass(frozen=True)
class Record:
    """`helped`, `failed`: accounts, besides the one it was learned from. `right`, `wrong`: votes, all accounts; one each, split by how sure it is."""

    helped: int = 0
    failed: int = 0
    right: float = 0.0
    wrong: float = 0.0

    @property
    def certainty(self) -> float:
        """P(it solves more than half), in (0, 1): the tail of Beta(1 + right, 1 + wrong), that is from a uniform prior."""
        return float(beta.sf(HALF, 1 + self.right, 1 + self.wrong))

    @property
    def fails(self) -> bool:
        """At least one account was failed, and it is 90 % certain that it solves fewer than half."""
        return self.failed > 0 and self.certainty <= 1 - CERTAIN

    @property
    def may_be_tried(self) -> bool:
        return self.helped >= TRIED_FROM and not self.fails

    @property
    def may_go_live(self) -> bool:
        return self.helped >= LIVE_FROM and not self.fails


def record(outcomes: Iterable[tuple[str, float, bool]]) -> Record:
    """From (account, credit in [-1, 1], whether it is of the ticket it was learned from). In any order.

    An account has one vote however often it asked: the mean of its credits. With the account it was learned from, who was helped is not counted
    twice: what it says of other tickets is its vote, and helps nobody else.
    """
    told: dict[str, list[float]] = {}
    founding: set[str] = set()
    for account, credit, is_own in outcomes:
        told.setdefault(account, []).append(credit)
        founding |= {account} if is_own else set()
    means = {account: sum(sorted(credits)) / len(credits) for account, credits in told.items()}
    others = [mean for account, mean in means.items() if account not in founding]
    return Record(
        helped=sum(mean > 0 for mean in others),
        failed=sum(mean < 0 for mean in others),
        right=sum(sorted((1 + mean) / 2 for mean in means.values())),
        wrong=sum(sorted((1 - mean) / 2 for mean in means.values())),
    )
