"""The kinds of signal and how noisy each is. The one table that says what an outcome is worth.

A signal is never a verdict: each kind has a probability of arising when the answer was right and when it was wrong. What counts is their
ratio. Signals of one family speak of the same thing (how the customer took the answer), so that of one family the strongest counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

REACTION = "reaction"  # how the customer took the answer
RETURN = "return"  # whether the matter came up again
AGENT = "agent"  # what an agent made of it


@dataclass(frozen=True)
class Channel:
    """`right`, `wrong`: P(signal | the source was right), P(signal | it was wrong), each in (0, 1)."""

    kind: str
    label: str
    right: float
    wrong: float
    family: str
    held: bool = False
    graded: bool = False  # counts by its strength, which differs from one to the next

    @property
    def llr(self) -> float:
        """Weight of evidence in nats: log P(signal | right) - log P(signal | wrong) (I. J. Good, 1950)."""
        return math.log(self.right / self.wrong)

    @property
    def is_positive(self) -> bool:
        return self.right > self.wrong


TABLE = (
    Channel("confirmed", "The customer said that it solved it", 0.45, 0.03, REACTION),
    Channel("assumed", "Silence until the window closed", 0.50, 0.25, REACTION, held=True),
    Channel("rephrased", "The customer asked again in other words", 0.05, 0.35, REACTION),
    Channel("differs", "The customer said that something in it is not there", 0.01, 0.12, REACTION),
    Channel("asked_person", "The customer asked for a person", 0.06, 0.40, REACTION),
    Channel("chose", "The customer picked it from several", 0.80, 0.08, REACTION),
    Channel("chose_other", "The customer picked another one of several", 0.12, 0.70, REACTION),
    Channel("thumbs_up", "A reader said that the article helped", 0.25, 0.06, REACTION, graded=True),
    Channel("thumbs_down", "A reader said that the article did not help", 0.03, 0.22, REACTION, graded=True),
    Channel("rated_well", "The customer rated it well", 0.40, 0.08, REACTION, graded=True),
    Channel("rated_badly", "The customer rated it badly", 0.04, 0.30, REACTION, graded=True),
    Channel("came_back", "The customer came back on the same matter", 0.03, 0.30, RETURN),
    Channel("draft_sent", "An agent sent the draft as it was", 0.80, 0.15, AGENT),
    Channel("draft_changed", "An agent changed what the draft says", 0.06, 0.60, AGENT, graded=True),
    Channel("demonstrated", "An agent answered, and that solved it", 0.95, 0.005, AGENT),
    Channel("overruled", "An agent solved it with something else", 0.01, 0.95, AGENT),
    Channel("outdone", "An agent solved it with something else than what is on trial would have said", 0.01, 0.95, AGENT),
    Channel("audited_right", "An agent judged it right", 0.98, 0.01, AGENT),
    Channel("audited_wrong", "An agent judged it wrong", 0.01, 0.98, AGENT),
)
CHANNELS = {channel.kind: channel for channel in TABLE}
# Of an answer exactly one of these comes, and then the customer comes back or not: what can be counted, `noise.rates` estimates anew.
REACTIONS = ("confirmed", "assumed", "rephrased", "asked_person")
CAME_BACK = "came_back"
LIKE = {"differs": "rephrased"}  # counted as one of these: too rare for rates of its own
Rates = Mapping[str, tuple[float, float]]  # by kind: P(signal | right), P(signal | wrong)


def weight(kind: str, rates: Rates) -> float:
    """Weight of evidence in nats, by your own rates where there are any. What is good news as shipped never becomes bad, nor the reverse."""
    shipped = channel(kind).llr
    if kind not in rates:
        return shipped
    right, wrong = rates[kind]
    found = math.log(right / wrong)
    return max(found, 0.0) if shipped > 0 else min(found, 0.0)


def channel(kind: str) -> Channel:
    """Raises KeyError for a kind that is not in the table."""
    return CHANNELS[kind]
