"""Whether many customers have begun to report the same thing. Pure functions over arrays: no database, no clock.

A *region* is what counts as the same thing: texts within some cosine of one report (its seed), or texts that share a rare word with it and
are somewhat near. For each region the background says how often ordinary tickets fall into it (hour of week, last weeks weighted most). From
its seed on, a region bets that reports arrive `mu` an hour faster than that; what the bet has earned is the likelihood ratio of two Poisson
processes. The sum over all seeds is an e-detector of Shiryaev-Roberts type (Shin, Ramdas & Rinaldo, "E-detectors: a nonparametric framework
for sequential change detection", 2024, arXiv 2203.03532): while no region is busier than its background says, the expected number of tickets
before the sum reaches c is at least c, at whatever moments one looks. Mixing over regions and rates keeps that.

The guarantee is about Poisson arrivals at rates no higher than assumed. Real matters come in clumps, so that the assumed rate is raised
(`CLUMPING`, `FLOOR_RATE`) and several accounts must agree before anything is said.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Region = tuple[float, Ints, Floats]  # weight; members, seed first; for each further member the share of ordinary tickets

WINDOW = dt.timedelta(hours=3)  # how far back a burst may have begun
RADII = (0.40, 0.48, 0.56, 0.64)  # cosines with the seed
GROWN = (0.28, 0.36, 0.44)  # cosines with the middle of what has gathered so far; it rises by GROWTH as that becomes clear
GROWTH = 0.10
BAND = 0.08
IN_BAND = (0.35, 0.3, 0.2, 0.15)  # of a burst's reports, by how far inside they lie
BALLS, GATHERED, WORDS = 0.15, 0.6, 0.25  # how the bets are spread over the three sorts of region
TERM_RADIUS = 0.28  # cosine of texts that share a rare word
TERMS_A_SEED = 6  # its rarest
GAINS = (3.0, 6.0, 12.0, 24.0)  # reports an hour above the background
LEAST_ACCOUNTS = 5
LEAST_SPAN = dt.timedelta(minutes=3)  # by then a flood is seen to be one
CLUMPING = 1.2  # how much busier than its average an ordinary matter may be for a while
FLOOR_RATE = 0.02  # reports an hour of a matter nobody ever wrote about
QUIET_DAYS = 60.0  # between two false alarms, at least
HALF_LIFE = 21.0  # days
KEPT = 3_000  # of the newest tickets, for the background
LEAST_HISTORY = 100.0  # tickets; before that nothing is known of what is usual
HOURS = 168
ALIKE = 0.6  # share of words in common from which two texts are copies of one
FLOOD, FLOOD_MINUTES = 8, 10.0  # more strangers than this at once are a flood ...
MOSTLY = 0.6  # ... where this share of senders is known; elsewhere ...
COPIED = 0.15  # ... if this share of what they send are copies
BULK = 4  # copies from strangers: a mailing, none of which counts


@dataclass(frozen=True)
class Background:
    """What is usual, as of some midnight.

    `vectors`: (n, d) unit rows of past tickets; `weights`: (n,) in (0, 1], newer counts more; `rows`: for each term the rows it stands in;
    `hours`: (168,) tickets an hour from Monday 0:00 on; `known_share`: share of tickets from senders known before, in [0, 1].
    """

    vectors: Vectors
    weights: Floats
    rows: dict[str, Ints]
    hours: Floats
    known_share: float
    around: dict[tuple[int, ...], tuple[float, ...]] = field(default_factory=dict)  # shares that were computed before

    @property
    def total(self) -> float:
        return float(self.weights.sum())

    @property
    def is_ready(self) -> bool:
        return self.total >= LEAST_HISTORY

    @property
    def threshold(self) -> float:
        """Tickets in QUIET_DAYS: the expected number of tickets before a false alarm is at least this."""
        return max(QUIET_DAYS * float(self.hours.sum()) / 7, LEAST_HISTORY)


@dataclass(frozen=True)
class Report:
    """One ticket as it came in. `shares`: of each region that it seeds, the share of ordinary tickets in it (see `shares`)."""

    key: int
    at: dt.datetime
    vector: Vectors
    words: frozenset[str]
    account: str
    is_known: bool
    has_link: bool = False
    radius_shares: tuple[float, ...] = ()
    term_shares: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Burst:
    """`members`: positions in the window, oldest first. `evidence`: log of what the bets have earned. `terms`: shared, most telling first."""

    members: list[int]
    evidence: float
    seed: int


def background(past: Sequence[Report], at: dt.datetime) -> Background:
    """What is usual, seen from `at`, from the reports before it. Older ones fade by half in HALF_LIFE days."""
    ages = np.array([(at - report.at).total_seconds() / 86_400 for report in past], np.float64)
    weights = np.exp2(-ages / HALF_LIFE)
    rows: dict[str, list[int]] = {}
    for row, report in enumerate(past):
        for word in report.words:
            rows.setdefault(word, []).append(row)
    known = np.array([report.is_known for report in past], np.float64)
    return Background(
        np.stack([report.vector for report in past]) if past else np.zeros((0, 0), np.float32),
        weights,
        {word: np.array(found, np.int64) for word, found in rows.items()},
        hourly(weights, np.array([hour_of_week(report.at) for report in past], np.int64), float(ages.max()) if past else 0.0),
        float(weights @ known / weights.sum()) if past else 0.0,
    )


def hourly(weights: Floats, hours_of_week: Ints, span: float) -> Floats:
    """(168,) expected tickets an hour: each hour's own count, its neighbours', the same hour of other days, and the mean, blended by how much is known."""
    decayed_days = HALF_LIFE / math.log(2) * (1 - 2 ** (-max(span, 1.0) / HALF_LIFE))
    weeks = decayed_days / 7
    counts = np.bincount(hours_of_week, weights, HOURS)
    mean = counts.sum() / HOURS
    smooth = (np.roll(counts, 1) + 2 * counts + np.roll(counts, -1)) / 4
    by_hour = np.tile(smooth.reshape(7, 24).mean(0), 7)
    trust = weeks / (weeks + 2)
    blended = trust * smooth + (1 - trust) * (0.7 * by_hour + 0.3 * mean)
    result: Floats = np.maximum(blended, 0.1 * mean) / weeks
    return result


def hour_of_week(at: dt.datetime) -> int:
    """0 to 167, from Monday 0:00 UTC on."""
    at = at.astimezone(dt.UTC)
    return at.weekday() * 24 + at.hour


def expected_a_day(usual: Background, centre: Vectors) -> float:
    """How many tickets a day one would expect this near."""
    if not len(usual.vectors):
        return 0.0
    inside = usual.vectors @ centre >= NEAR
    return float(usual.weights[inside].sum() / usual.total * usual.hours.sum() / 7)


def shares(usual: Background, vector: Vectors, words: frozenset[str]) -> tuple[tuple[float, ...], dict[str, float]]:
    """The share of ordinary tickets in each region that a text would seed: by radius, and by its rarest words. Cautious: an upper estimate."""
    if not len(usual.vectors):
        return tuple(1.0 for _ in RADII), {}
    cosines = usual.vectors @ vector
    by_radius = tuple(_upper(float(usual.weights[cosines >= radius].sum()), usual.total) for radius in RADII)
    near = cosines >= TERM_RADIUS
    none = np.empty(0, np.int64)
    counted = {word: usual.rows.get(word, none) for word in words}
    rarest = sorted(words, key=lambda word: (float(usual.weights[counted[word]].sum()), word))
    held = {word: float(usual.weights[counted[word]][near[counted[word]]].sum()) for word in rarest[: 2 * TERMS_A_SEED]}
    return by_radius, {word: _upper(held[word], usual.total) for word in sorted(held, key=lambda word: (held[word], word))[:TERMS_A_SEED]}


def _upper(count: float, total: float) -> float:
    """A share that is seldom below the true one: two standard errors up."""
    return min(1.0, (count + 2 * math.sqrt(count) + 2) / (total + 2))


def voices(window: Sequence[Report], cosines: Vectors, usual: Background) -> Bools:
    """(n,) which reports count: one for each account and matter, one for copies of a text from strangers, and none of what looks like spam.

    That is: what a stranger sends with a link, what strangers send many copies of, and all that strangers send while they flood the inbox.
    """
    counts = np.array([report.is_known or not report.has_link for report in window])
    is_copied = np.zeros(len(window), np.bool_)
    copies: list[list[int]] = []
    of_account: dict[str, list[int]] = {}
    for place, report in enumerate(window):
        if not report.is_known:
            group = next((each for each in copies if is_copy(window[each[0]].words, report.words)), None)
            if group is None:
                copies.append([place])
            else:
                is_copied[place] = True
                group.append(place)
        earlier = of_account.setdefault(report.account, [])
        if earlier and float(cosines[place, earlier].max()) >= RADII[0]:
            counts[place] = False
        earlier.append(place)
    counts &= ~is_copied & ~_flooded(window, is_copied, usual)
    for group in copies:
        if len(group) >= BULK:
            counts[group] = False
    return counts


def _flooded(window: Sequence[Report], is_copied: Bools, usual: Background) -> Bools:
    """(n,) which reports strangers sent while far more of them than usual wrote; where strangers are usual, only if copies are among them."""
    strange = np.array([not report.is_known for report in window])
    places = np.flatnonzero(strange)
    minutes = np.array([(report.at - window[0].at).total_seconds() / 60 for report in window])
    flooded = np.zeros(len(window), np.bool_)
    for place in map(int, places):
        lately = places[(minutes[places] > minutes[place] - FLOOD_MINUTES) & (places <= place)]
        expected = (1 - usual.known_share) * usual.hours[hour_of_week(window[place].at)] * FLOOD_MINUTES / 60
        if len(lately) > max(FLOOD, 5 * expected) and (usual.known_share >= MOSTLY or is_copied[lately].mean() >= COPIED):
            flooded |= strange & (minutes >= minutes[lately[0]]) & (minutes <= minutes[place] + 60)
    return flooded


def is_copy(one: frozenset[str], other: frozenset[str]) -> bool:
    """Nearly the same words (Jaccard); texts without any are copies of each other."""
    return len(one & other) >= ALIKE * len(one | other)


def scan(window: Sequence[Report], usual: Background) -> Burst | None:
    """Look at the reports of the last hours, oldest first, right after the last came in. None while they are nothing unusual.

    Only regions that the last report fell into are looked at: the others have earned nothing since.
    """
    if len(window) < LEAST_ACCOUNTS or not usual.is_ready:
        return None
    vectors = np.stack([report.vector for report in window])
    if int((vectors @ vectors[-1] >= TERM_RADIUS).sum()) < LEAST_ACCOUNTS:
        return None
    cosines = vectors @ vectors.T
    counts = voices(window, cosines, usual)
    if not counts[-1]:
        return None
    hours = np.array([(report.at - window[0].at).total_seconds() / 3600 for report in window])
    volume = np.array([usual.hours[hour_of_week(report.at)] for report in window])
    earned, best = 0.0, (-math.inf, 0, np.zeros(0, np.int64))
    for seed in np.flatnonzero(counts & (cosines[-1] >= TERM_RADIUS))[:-1]:
        for weight, members, share in _regions(window, cosines, counts, int(seed), usual):
            value = math.log(weight) + _bet(CLUMPING * share * volume[members[1:]] + FLOOR_RATE, hours[-1] - hours[seed])
            earned += math.exp(min(value, 500.0))
            if value > best[0] and _is_agreed([window[place] for place in members], usual):
                best = (value, int(seed), members)
    if earned < usual.threshold or best[0] == -math.inf:
        return None
    return Burst([int(place) for place in best[2]], math.log(earned), best[1])


def _bet(rates: Floats, elapsed: float) -> float:
    """Log of what betting on more than these rates (reports an hour, one for each report) has earned in so many hours, over a mixture of gains."""
    gains = np.array(GAINS)
    bets = np.log1p(gains[:, None] / rates[None, :]).sum(1) - gains * elapsed
    top = float(bets.max())
    return top + math.log(float(np.exp(bets - top).mean()))


def _regions(window: Sequence[Report], cosines: Vectors, counts: Bools, seed: int, usual: Background) -> Iterator[Region]:
    """The regions of a seed that the last report fell into and that hold enough. Their weights add up to one at most."""
    report, last = window[seed], window[-1]
    after = counts.copy()
    after[:seed] = False
    for radius, share in zip(RADII, report.radius_shares, strict=True):
        if cosines[seed, -1] >= radius:
            members = np.flatnonzero(after & (cosines[seed] >= radius))
            if len(members) >= LEAST_ACCOUNTS:
                yield BALLS / len(RADII), members, np.full(len(members) - 1, share)
    for radius in GROWN:
        members, bands = _gather(cosines, np.flatnonzero(after), radius)
        if len(members) >= LEAST_ACCOUNTS and members[-1] == len(window) - 1:
            yield GATHERED / len(GROWN), members, _shares_around(window, members, bands, usual)
    near = cosines[seed] >= TERM_RADIUS
    for term, share in report.term_shares.items():
        if term in last.words:
            members = np.flatnonzero(after & near & np.array([term in other.words for other in window]))
            if len(members) >= LEAST_ACCOUNTS:
                yield WORDS / len(report.term_shares), members, np.full(len(members) - 1, share)


def _gather(cosines: Vectors, places: Ints, radius: float) -> tuple[Ints, list[tuple[float, int]]]:
    """From the first place on, whatever is near the middle of what has gathered before it; and how far inside each one lay: the cosine that was needed, and the band above it."""
    members, length = [int(places[0])], 1.0
    bands: list[tuple[float, int]] = []
    for place in places[1:]:
        towards = float(cosines[place, members].sum())
        needed = radius + GROWTH * (1 - 1 / len(members))
        cosine = towards / math.sqrt(length)
        if cosine >= needed:
            length += 2 * towards + 1
            members.append(int(place))
            band = min(int((cosine - needed) / BAND), len(IN_BAND) - 1)
            bands.append((needed, band))
    return np.array(members, np.int64), bands


def _shares_around(window: Sequence[Report], members: Ints, bands: Sequence[tuple[float, int]], usual: Background) -> Floats:
    """For each further member the share of ordinary tickets in its band about the middle, by the share of a burst that one expects there."""
    total, found = np.zeros_like(window[0].vector), []
    for count, (place, (needed, band)) in enumerate(zip(members[:-1], bands, strict=True), 1):
        total = total + window[place].vector
        key = (round(1000 * needed), *(window[each].key for each in members[:count]))
        if key not in usual.around:
            cosines = usual.vectors @ (total / np.linalg.norm(total))
            edges = [*(needed + BAND * number for number in range(len(IN_BAND))), 1.01]
            counted, _ = np.histogram(cosines, edges, weights=usual.weights)
            usual.around[key] = tuple(_upper(float(each), usual.total) for each in counted)
        found.append(usual.around[key][band] / IN_BAND[band])
    return np.array(found)


def _is_agreed(found: Sequence[Report], usual: Background) -> bool:
    """Enough accounts, over some minutes, and not nearly all of them strangers where strangers are the exception."""
    if found[-1].at - found[0].at < LEAST_SPAN:
        return False
    if len({report.account for report in found}) < LEAST_ACCOUNTS:
        return False
    return sum(report.is_known for report in found) >= 0.5 * usual.known_share * len(found)


# --- What belongs to an incident that is already known ------------------------------------------------------------------

KNOWN_AFTER = dt.timedelta(days=1)  # a sender who wrote before is no stranger
MOST = 400  # reports of a window that are looked at
QUIET = dt.timedelta(hours=12)  # without a report, an incident is over
NEAR, NEAR_BY_WORD, SAME = 0.62, 0.5, 0.5  # cosines with its middle


def middle(vectors: Sequence[Vectors]) -> Vectors:
    """The unit vector in the middle of unit vectors."""
    mean = np.mean(np.stack(vectors), axis=0)
    length = float(np.linalg.norm(mean))
    return (mean / length if length > 0 else mean).astype(np.float32)


def shared(words: Sequence[frozenset[str]]) -> frozenset[str]:
    """Words that at least a quarter of the reports, and two, have in common."""
    counted: dict[str, int] = {}
    for each in words:
        for word in each:
            counted[word] = counted.get(word, 0) + 1
    return frozenset(word for word, count in counted.items() if count >= max(2, len(words) / 4))


def belongs(report: Report, centre: Vectors, words: frozenset[str]) -> bool:
    """Whether a report is of an incident with this middle and these shared words."""
    return is_near(report.vector, report.words, centre, words)


def is_near(vector: Vectors, words: frozenset[str], centre: Vectors, shared_words: frozenset[str]) -> bool:
    near = float(vector @ centre)
    return near >= NEAR or (near >= NEAR_BY_WORD and bool(words & shared_words))


def is_same(centre: Vectors, other: Vectors) -> bool:
    return float(centre @ other) >= SAME


def telling(words: Sequence[frozenset[str]], usual: Background, most: int = 6) -> list[str]:
    """The words that set these reports apart from ordinary tickets: by weighted log-odds with a prior (Monroe, Colaresi & Quinn 2008)."""
    scores = {}
    for word in sorted(shared(words)):
        here = sum(word in each for each in words)
        rows = usual.rows.get(word, np.empty(0, np.int64))
        there = float(usual.weights[rows].sum()) if len(rows) else 0.0
        ours = math.log((here + 0.5) / (len(words) - here + 0.5))
        theirs = math.log((there + 0.5) / (usual.total - there + 0.5))
        scores[word] = (ours - theirs) / math.sqrt(1 / (here + 0.5) + 1 / (there + 0.5))
    return [word for word in sorted(scores, key=lambda word: (-scores[word], word)) if scores[word] > 0][:most]
