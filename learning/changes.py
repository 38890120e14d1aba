"""What a policy does otherwise than the one before it, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from learning import abstention, channels, features
from learning.models import Policy

NAMED = 4  # the largest changes of the named weights
WORTH_TELLING = 0.05
SIGNAL_WORTH_TELLING = 0.2  # nats
WORDS: Mapping[str, str] = {
    "mixture": "What search, past questions and experience say together",
    "search": "The match of the passage",
    "vote": "What similar questions came to",
    "head": "Experience with all questions so far",
    "dense": "Nearness in meaning",
    "text": "Shared rare words",
    "own_page": "Being asked on the article's own page",
    "learned": "Being a learned answer",
    "strict": "Belonging to a strict category",
    "for": "The number of similar questions solved",
    "against": "The number of similar questions missed",
    "misses": "The share of similar questions missed",
    "page": "The page, over everything solved",
    "page_nearby": "The page, among similar questions",
    "plan_nearby": "The customer's plan, among similar questions",
    "lifecycle_nearby": "The customer's time with you, among similar questions",
    "page_misses": "Having missed on this page",
    "plan_misses": "Having missed on this plan",
    "lifecycle_misses": "Having missed at this time with you",
    "helped_before": "Having helped this customer before",
    "missed_before": "Having missed this customer before",
    "fresh": "A recent change of the article",
    "suspect": "Being suspected of having gone stale",
    "unlike_any": "No passage being near",
    "untried": "Nothing similar having been solved",
    "none": "That none of the sources fits",
}


def told(policy: Policy, before: Policy | None) -> list[str]:
    """Sentences, the weightiest first."""
    now, then = policy.weights, before.weights if before else _shipped()
    return [*_answering(now, then), *_experience(policy, before), *_weights(now, then), *_signals(now, then)]


def _shipped() -> dict[str, Any]:
    return {
        "threshold": abstention.CAUTIOUS,
        "strict_threshold": abstention.STRICT_CAUTIOUS,
        "coefficients": dict(features.SHIPPED),
        "rates": {},
    }


def _answering(now: Mapping[str, Any], then: Mapping[str, Any]) -> Iterator[str]:
    for key, what in (("threshold", "It answers"), ("strict_threshold", "In strict categories it answers")):
        if abs(now[key] - then[key]) >= 0.005:
            yield f"{what} from {now[key]:.0%} certainty on, not from {then[key]:.0%}."


def _experience(policy: Policy, before: Policy | None) -> Iterator[str]:
    more = policy.weights["episodes"] - (before.weights["episodes"] if before else 0)
    if more > 0:
        yield f"{more:,} more outcomes went into it, {policy.weights['episodes']:,} in all."
    if policy.evidence.get("head") and not (before and before.evidence.get("head")):
        yield "There is enough experience now to weigh all questions together, not only the similar ones."


def _weights(now: Mapping[str, Any], then: Mapping[str, Any]) -> Iterator[str]:
    old = then.get("coefficients", features.SHIPPED)
    changed = {name: value - old.get(name, 0.0) for name, value in now.get("coefficients", {}).items()}
    for name, change in sorted(changed.items(), key=lambda item: -abs(item[1]))[:NAMED]:
        if abs(change) >= WORTH_TELLING and name in WORDS:
            value = now["coefficients"][name]
            more = abs(value) > abs(old.get(name, 0.0))
            side = "for" if value > 0 else "against"
            yield f"{WORDS[name]} counts {side} it {'more' if more else 'less'}: {_signed(value, 2)}, was {_signed(old.get(name, 0.0), 2)}."


def _signals(now: Mapping[str, Any], then: Mapping[str, Any]) -> Iterator[str]:
    for kind in (*channels.REACTIONS, channels.CAME_BACK):
        new, old = (channels.weight(kind, weights.get("rates", {})) for weights in (now, then))
        if abs(new - old) >= SIGNAL_WORTH_TELLING:
            yield f"“{channels.channel(kind).label}” says {'more' if abs(new) > abs(old) else 'less'}: {_signed(new, 1)}, was {_signed(old, 1)}."


def _signed(value: float, digits: int) -> str:
    return f"{value:+.{digits}f}".replace("-", "−")  # a minus sign, as wide as the plus
