"""Why the assistant decided as it did, in plain words, from the numbers that were logged with the decision."""

from __future__ import annotations

from dataclasses import dataclass, field

from helpdesk.models import Source
from learning.evidence import Evidence, evidence
from learning.models import Decision
from learning.votes import Similar

FACTORS = {
    "passage": ("What its passage says fits the question", "What its passage says fits the question poorly"),
    "similar": ("It solved questions like this one", "Similar questions were solved by something else"),
    "missed": ("Nothing speaks against it", "It has missed on questions like this one"),
    "experience": ("Everything solved so far points to it", "Everything solved so far points elsewhere"),
    "page": ("It belongs to the page the question came from", "It is seldom the answer on this page"),
    "plan": ("It has solved this on the customer’s plan", "On the customer’s plan it is seldom the answer"),
    "lifecycle": ("It fits where the customer stands with us", "It seldom fits where the customer stands with us"),
    "history": ("It has helped this customer before", "It did not help this customer before"),
    "kind": ("Answers of its kind do well", "Answers of its kind do less well"),
    "fresh": ("It was changed lately", "It was changed lately"),
    "suspect": ("Nothing says that it has changed", "It has missed so often lately that it may be out of date"),
    "else": ("How much the next best leaves to it", "Something that is no candidate may be meant"),
}
ACTIONS = {
    Decision.Kind.ANSWER: "I answered with “{source}”, {confidence}% likely to solve it; such answers go out alone from {needed}%.",
    Decision.Kind.CLARIFY: "More than one thing could be meant, so I asked which. “{source}” was the likeliest at {confidence}%.",
    Decision.Kind.HAND_OFF: "I passed it on: “{source}” was the likeliest at {confidence}%, and such answers need {needed}%.",
    Decision.Kind.DRAFT: "“{source}” is {confidence}% likely to solve it; such answers go out alone from {needed}%.",
}
# Of a customer whom the frozen control serves: how well search fits is no probability, and no outcome has ever corrected it.
DAY_ONE = {
    Decision.Kind.ANSWER: "I answered with “{source}”, whose passage fits best.",
    Decision.Kind.HAND_OFF: "I passed it on: “{source}” fitted best, and not well enough.",
}
NOT_CALIBRATED = "That is the day-one assistant: it goes by how well passages fit, and how likely it is to be right is not known, as it is not calibrated."
CONTROL = {"answer": "answered with", "clarify": "asked back about", "hand_off": "passed it on; its first guess was"}


@dataclass(frozen=True)
class Factor:
    """A bar from the axis, all in percent of the drawing's width."""

    text: str
    logodds: float
    start: float
    width: float

    @property
    def side(self) -> str:
        return "for" if self.logodds > 0 else "against"

    @property
    def signed(self) -> str:
        return f"{'+' if self.logodds > 0 else '−'}{abs(self.logodds):.1f}"


@dataclass(frozen=True)
class Rival:
    title: str
    percent: int


@dataclass(frozen=True)
class Why:
    """`sentences` for everybody; the rest for agents."""

    sentences: list[str]
    factors: list[Factor] = field(default_factory=list)
    axis: float = 50.0
    control: str = ""
    moved: str = ""
    chance: str = ""
    trial: str = ""
    alternatives: list[Rival] = field(default_factory=list)
    latency: int | None = None


def why(decision: Decision, *, for_agents: bool = False) -> Why:
    """One query, for the names of the sources; the rest was logged. `for_agents`: with titles that only they may read."""
    found = evidence(decision)
    sources = _sources(decision, found)
    titles = {pk: source.title if for_agents else source.public_title for pk, source in sources.items()}
    chosen = sources.get(decision.source_id or 0)
    is_learned = chosen is not None and chosen.kind == Source.Kind.RESOLUTION
    axis, factors = _bars(found.factors)
    experience = "" if decision.is_day_one else _experience(found.similar, is_learned)
    return Why(
        sentences=[sentence for sentence in (experience, _what(decision, titles)) if sentence],
        factors=factors,
        axis=axis,
        control=_control(decision, titles),
        moved=_shift(decision),
        chance=_chance(decision, titles),
        trial=_trial(decision),
        alternatives=[Rival(titles[source], round(score * 100)) for source, score in found.rivals if source in titles],
        latency=round(decision.latency_ms["answer"]) if decision.latency_ms.get("answer") else None,
    )


def _experience(similar: Similar, is_learned: bool) -> str:
    if not similar.tried:
        return "No question like this one has been solved yet, so only what the passages say counts."
    sentence = f"It solved {similar.solved} of {similar.tried} similar question{'s' if similar.tried > 1 else ''}"
    if similar.tried_here:
        sentence += f", {similar.solved_here} of {similar.tried_here} asked from this page"
    if similar.taught:
        sentence += "; a person taught it" if similar.taught == 1 else f"; people taught it {similar.taught} times"
    return f"{sentence}. It was learned from a solved question." if is_learned else f"{sentence}."


def _what(decision: Decision, titles: dict[int, str]) -> str:
    if decision.source_id is None:
        return decision.reason or "Nothing was found to answer from."
    kind = Decision.Kind(decision.kind)
    says = DAY_ONE.get(kind, ACTIONS[kind]) if decision.is_day_one else ACTIONS[kind]
    return says.format(
        source=titles.get(decision.source_id, "a source that is gone"),
        confidence=round(decision.confidence * 100),
        needed=round(decision.threshold * 100),
    )


def _shift(decision: Decision) -> str:
    """What hand-offs have taught of this source."""
    shift = decision.features.get("shift", 0.0)
    if not shift:
        return ""
    points = max(round(abs(shift) * 100), 1)
    amount = f"{points} point{'' if points == 1 else 's'}"
    if shift < 0:
        return f"It needs {amount} less than others: when it was held back at such confidence, people answered the same."
    return f"It needs {amount} more than others: at such confidence its questions often turned out to need something else."


def _chance(decision: Decision, titles: dict[int, str]) -> str:
    """What would have been done, where chance had it otherwise."""
    otherwise = decision.instead
    if not otherwise or not decision.reason:
        return ""
    title = titles.get(otherwise.get("source") or 0)
    would = f"{CONTROL[otherwise['kind']]} “{title}”" if title and otherwise["kind"] in CONTROL else "passed it on"
    what = f" {NOT_CALIBRATED}" if decision.is_day_one else ""
    return f"{decision.reason}{what} Otherwise it would have {would}."


def _trial(decision: Decision) -> str:
    """Of learned answers that have to prove themselves: that this is one, or that one was compared. Not which: a private team may have written it."""
    if any(each["source"] == decision.source_id and each.get("trial") for each in decision.served):
        return "It is on trial: a learned answer that one ticket in five is served until it has helped three other customers."
    if decision.first_aside is None:
        return ""
    score = max(each["score"] for each in decision.candidates if each.get("aside"))
    return f"A learned answer on trial, shown to nobody here, would have come first with {round(score * 100)}%."


def _control(decision: Decision, titles: dict[int, str]) -> str:
    """The frozen day-one policy, on the same question."""
    control = decision.control
    title = titles.get(control.get("source") or 0)
    if not title:
        return "The day-one policy would have passed it on." if control else ""
    if control["source"] == decision.source_id and control["kind"] == decision.kind:
        return "The day-one policy would have done the same."
    return f"The day-one policy would have {CONTROL[control['kind']]} “{title}”."


def _sources(decision: Decision, found: Evidence) -> dict[int, Source]:
    """Every source that is spoken of."""
    wanted = {decision.source_id, decision.control.get("source"), decision.instead.get("source"), *(source for source, _ in found.rivals)}
    return Source.objects.only("title", "kind", "is_title_private").in_bulk([pk for pk in wanted if pk])


def _bars(factors: list[tuple[str, float]]) -> tuple[float, list[Factor]]:
    """The axis stands where the longest bar to its left ends, so that all bars use the whole width."""
    left = max((-value for _, value in factors), default=0.0)
    right = max((value for _, value in factors), default=0.0)
    left, right = max(left, 0.0), max(right, 0.0)
    scale = 100 / (left + right or 1.0)
    axis = left * scale
    return round(axis, 1), [
        Factor(
            text=FACTORS.get(name, (name, name))[value < 0],
            logodds=value,
            start=round(axis if value > 0 else axis + value * scale, 1),
            width=round(abs(value) * scale, 1),
        )
        for name, value in factors
    ]
