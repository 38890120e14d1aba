"""What an agent changed in a draft before sending it: nothing, the tone, or what it says, and how much of that. Pure functions over text.

What a reader would act on are facts: numbers, links, things to press, steps, and whether something is so or not. A draft that lost or swapped
one was wrong, by how much is the grade. Greeting, politeness, order and wording say nothing of the source that it was made from.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

CHANGED, TAKEN_OUT, ADDED_STEP, REVERSED, REWRITTEN = 0.8, 0.5, 0.3, 1.0, 0.9  # how surely the draft was wrong for it
WRONG_FROM = 0.25  # of the grade; what is less is tone
SAME_SENTENCE = 0.5  # of the words
SAME_WORDING = 0.6  # share of the draft's words that must be left, or it was written anew

_URL = re.compile(r"https?://\S+")
_LINK = re.compile(r"\[([^\[\]]{1,200})\]\(([^()\s]{1,500})\)")
_THING = re.compile(r"\*\*([^*\n]{1,200})\*\*|`([^`\n]{1,200})`")
_MARKER = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*•])\s+")
_DIGITS = re.compile(r"\d+(?:[.,:/]\d+)*")
_GREETING = re.compile(
    r"^\s*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|thanks|thank you)\b[^.!?\n]{0,60}(?:[.!?,:–—-]+\s*|\n)", re.IGNORECASE
)
_SIGN_OFF = re.compile(
    r"\n\s*(?:(?:kind|best|warm|many) )?(?:regards|wishes|thanks|cheers|sincerely|yours|best|all the best)\b[^\n]{0,30}(?:\n[^\n]{0,60}){0,4}\s*\Z",
    re.IGNORECASE,
)
_NEGATION = re.compile(r"\b(?:not|no|never|cannot|without|neither|nor|unable|\w+n[’']t)\b", re.IGNORECASE)
_NOT_ONLY = re.compile(
    r"\b(?:not only|no (?:problem|worries|trouble|need to worry)|don[’']t (?:worry|hesitate)|if not|whether or not|not to worry)\b",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W_]+(?:[’'][^\W_]+)?")
_MOST = 120  # sentences that are compared one by one
_LONGEST = 20_000  # characters that are looked at
_MOST_WORDS = 200  # of two sentences that are compared word by word
_DATES = """
january february march april may june july august september october november december
monday tuesday wednesday thursday friday saturday sunday
"""
_COUNTS = """
zero _ two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty
"""
_OPPOSED = """
on/off before/after always/never enable/disable enabled/disabled more/less more/fewer increase/decrease raise/lower with/without allow/forbid
allowed/forbidden can/cannot included/excluded include/exclude maximum/minimum most/least left/right above/below first/last open/close
public/private everyone/nobody all/none yes/no possible/impossible free/paid tick/untick show/hide shown/hidden add/remove
automatically/manually admin/member customer/agent monthly/yearly daily/weekly
"""
_MONTHS, _DAYS = (set(line.split()) for line in _DATES.strip().splitlines())
_NUMBERS = {word: str(number) for number, word in enumerate(_COUNTS.split())} | {
    "thirty": "30",
    "forty": "40",
    "fifty": "50",
    "sixty": "60",
    "seventy": "70",
    "eighty": "80",
    "ninety": "90",
    "hundred": "100",
    "thousand": "1000",
    "dozen": "12",
    "twice": "2",
    "half": "1/2",
}
_OPPOSITES = {frozenset(pair.split("/")) for pair in _OPPOSED.split()}


@dataclass(frozen=True)
class Part:
    """One thing that was changed, in words. `wrong`: how surely the draft was wrong for it, in [0, 1]; 0 says nothing against it."""

    words: str
    wrong: float


@dataclass(frozen=True)
class Edit:
    """`parts`: what was changed, gravest first; empty where only the tone or nothing was."""

    parts: tuple[Part, ...]
    is_same: bool

    @property
    def grade(self) -> float:
        """How surely the draft was wrong, in [0, 1]: 1 less the product of what each part leaves (noisy-or; Pearl 1988)."""
        left = 1.0
        for part in self.parts:
            left *= 1 - part.wrong
        return 1 - left

    @property
    def verdict(self) -> str:
        """ "none", "tone" or "facts"."""
        return "none" if self.is_same else "facts" if self.grade >= WRONG_FROM else "tone"


def compare(drafted: str, sent: str) -> Edit:
    """What was changed on the way from one text to the other."""
    if _squeezed(drafted) == _squeezed(sent):
        return Edit((), is_same=True)
    before, after = _Text(drafted), _Text(sent)
    pairs = _aligned(before.sentences, after.sentences)
    parts = [
        *_reversals(pairs),
        *_swaps("number", before.numbers, after.numbers),
        *_swaps("link", before.links, after.links),
        *_swaps("name", before.things, after.things),
        *_steps(before, after),
        *_anew(before, after),
    ]
    return Edit(tuple(sorted(parts, key=lambda part: -part.wrong)), is_same=False)


def adds_facts(known: str, said: str) -> bool:
    """Whether `said` names a number, a link or something to press that stands nowhere in `known`."""
    text, there = _Text(said), known.casefold()
    numbers = _Text(known).numbers
    return any(fact not in there for fact in [*text.links, *text.things]) or any(number not in numbers for number in text.numbers)


class _Text:
    """A text as facts, sentences and steps, without greeting and sign-off."""

    def __init__(self, text: str) -> None:
        text = _SIGN_OFF.sub("", _GREETING.sub("", text[:_LONGEST].strip(), count=1))
        self.lines = [line for line in text.splitlines() if line.strip()]

    @cached_property
    def sentences(self) -> list[str]:
        bare = (_MARKER.sub("", line).strip() for line in self.lines)
        return [sentence for line in bare for sentence in re.split(r"(?<=[.!?])\s+", line) if sentence]

    @cached_property
    def steps(self) -> list[str]:
        return [_MARKER.sub("", line).strip() for line in self.lines if _MARKER.match(line)]

    @cached_property
    def links(self) -> Counter[str]:
        text = "\n".join(self.lines)
        bare = [found.rstrip(".,;:!?)").casefold() for found in _URL.findall(_LINK.sub(" ", text))]
        return Counter([target.casefold() for _, target in _LINK.findall(text)] + bare)

    @cached_property
    def things(self) -> Counter[str]:
        found = (bold or code for line in self.lines for bold, code in _THING.findall(line))
        return Counter(_squeezed(part).strip(" .:").casefold() for thing in found for part in thing.split(">"))

    @cached_property
    def numbers(self) -> Counter[str]:
        """In figures, whether they were words or figures; months and days of the week where they are dates."""
        plain = _URL.sub(" ", _LINK.sub(r"\1", "\n".join(_MARKER.sub("", line) for line in self.lines)))
        found = Counter(_figure(digits) for digits in _DIGITS.findall(plain))
        words = _WORDS.findall(plain)
        for place, word in enumerate(words):
            beside = words[max(place - 1, 0) : place] + words[place + 1 : place + 2]
            if number := _NUMBERS.get(word.casefold()):
                found[number] += 1
            elif word[0].isupper() and (
                word.casefold() in _DAYS or (word.casefold() in _MONTHS and any(each[0].isdigit() for each in beside))
            ):
                found[word.casefold()] += 1
        return found

    @cached_property
    def words(self) -> list[str]:
        return [word.casefold() for line in self.lines for word in _WORDS.findall(_MARKER.sub("", line))]


def _figure(digits: str) -> str:
    """1,200 and 1200 are one number, as are 5 and 5.0; 10.3 and 10/3 are not."""
    digits = re.sub(r",(?=\d{3}\b)", "", digits)
    return re.sub(r"^(\d+)\.0+$", r"\1", digits).lstrip("0") or "0"


def _aligned(before: list[str], after: list[str]) -> list[tuple[str, str]]:
    """Sentences that say the same in about the same words, each once, the likest first."""
    mine, theirs = ([_counted(text) for text in texts[:_MOST]] for texts in (before, after))
    likeness = ((_likeness(one, other), place, there) for place, one in enumerate(mine) for there, other in enumerate(theirs))
    found: dict[int, int] = {}
    taken: set[int] = set()
    for like, place, there in sorted(likeness, key=lambda each: (-each[0], each[1:])):
        if like >= SAME_SENTENCE and place not in found and there not in taken:
            found[place] = there
            taken.add(there)
    return [(before[place], after[there]) for place, there in sorted(found.items())]


def _counted(text: str) -> Counter[str]:
    return Counter(word.casefold() for word in _WORDS.findall(text))


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    """Share of common words of the shorter one, in [0, 1]."""
    return sum((one & other).values()) / max(min(one.total(), other.total()), 1)


def _reversals(pairs: list[tuple[str, str]]) -> list[Part]:
    """A sentence that says the opposite now."""
    return [Part(f"turned “{_short(one)}” into “{_short(other)}”", REVERSED) for one, other in pairs if _is_reversed(one, other)]


def _is_reversed(one: str, other: str) -> bool:
    if _negations(one) % 2 != _negations(other) % 2:
        return True
    mine, theirs = ([word.casefold() for word in _WORDS.findall(text)][:_MOST_WORDS] for text in (one, other))
    for kind, start, end, begin, stop in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        if kind == "replace":
            gone, come = set(mine[start:end]), set(theirs[begin:stop])
            if any(frozenset((old, new)) in _OPPOSITES for old in gone - come for new in come - gone):
                return True
    return False


def _negations(text: str) -> int:
    return len(_NEGATION.findall(_NOT_ONLY.sub(" ", text)))


def _swaps(what: str, before: Counter[str], after: Counter[str]) -> list[Part]:
    """Facts that went, with those that came in their place. What only came says nothing against the draft."""
    gone = [fact for fact in before if fact not in after]
    come = [fact for fact in after if fact not in before]
    swapped = [Part(f"changed the {what} {_short(old)} to {_short(new)}", CHANGED) for old, new in zip(gone, come, strict=False)]
    return swapped + [Part(f"took out the {what} {_short(fact)}", TAKEN_OUT) for fact in gone[len(come) :]]


def _steps(before: _Text, after: _Text) -> list[Part]:
    """Steps that went, came, or changed places; only where both are lists of steps."""
    if len(before.steps) < 2 or len(after.steps) < 2:
        return []
    kept = _aligned(before.steps, after.steps)
    gone = [step for step in before.steps if step not in {one for one, _ in kept}]
    come = [step for step in after.steps if step not in {other for _, other in kept}]
    found = [Part(f"took out the step “{_short(step)}”", TAKEN_OUT) for step in gone]
    found += [Part(f"added the step “{_short(step)}”", ADDED_STEP) for step in come]
    places = [after.steps.index(other) for _, other in kept]
    if places != sorted(places):
        found.append(Part("put the steps into another order", CHANGED))
    return found


def _anew(before: _Text, after: _Text) -> list[Part]:
    """Most of its words are gone; to shorten it to a part of itself is not that."""
    if not before.words:
        return []
    kept = (Counter(before.words) & Counter(after.words)).total()
    of_draft, of_reply = kept / len(before.words), kept / max(len(after.words), 1)
    return [Part("wrote most of it anew", REWRITTEN)] if max(of_draft, of_reply) < SAME_WORDING else []


def _short(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def _squeezed(text: str) -> str:
    return " ".join(text.split())
