"""How soon a burst of reports is raised as an incident, and how often one is raised for nothing: half a year of simulated support, per seed.

Run by `make bench NAME=incidents`; SEEDS=1001,1002 chooses others, HALF_YEAR=62 fewer days. The figures are of outages and seeds that no
constant was chosen on: the detector was tuned on seeds 11, 12 and 101 to 106 with the outages of `_wordings.TUNING`. Reports go through the
product's own embedder and the code that `replay_incidents` runs.
"""

import datetime as dt
import os
import statistics
import sys
from collections import Counter, deque

import django

from tests.benchmarks import _harness as harness
from tests.benchmarks import _traffic as traffic
from tests.benchmarks._wordings import HELD_OUT

SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "1001,1002,1003,1004,1005").split(",")]
DAYS = int(os.environ.get("HALF_YEAR", traffic.DAYS))
BY_REPORT = 10
MISSED = 16  # stands for an outage that none of its 15 reports raised


def main():
    django.setup()
    ours, peer, known = [], [], {}
    for seed in SEEDS:
        lines = traffic.stream(seed, outages=HELD_OUT, days=DAYS)
        embedded = embed_new(lines, known)
        ours.append(judge(lines, replay(lines, embedded)))
        peer.append(judge(lines, word_counts(lines)))
        print(f"seed {seed}: {len(lines):,} tickets; ours {told(ours[-1])}; word counts {told(peer[-1])}", flush=True)
    return harness.report("incidents", rows_of(ours, peer), seeds=SEEDS, days=DAYS, outages=list(HELD_OUT))


def embed_new(lines, known):
    from helpdesk.search.embedder import embed

    new = [text for text in dict.fromkeys(line.text for line in lines) if text not in known]
    for start in range(0, len(new), 256):
        known.update(zip(new[start : start + 256], embed(new[start : start + 256]), strict=True))
    return known


def replay(lines, vectors):
    """(position of the line that raised it, kinds of its reports) of each incident."""
    from learning.masking import mask
    from learning.stream import Stream
    from learning.wording import has_link, words

    stream, found = Stream(), []
    for place, line in enumerate(lines):
        raised = stream.feed(place, line.at, vectors[line.text], words(mask(line.text)), line.customer, has_link(line.text))
        if raised:
            found.append((place, raised))
    return [(place, Counter(lines[report.key].kind for report in raised.members)) for place, raised in found]


def word_counts(lines, least=6, above=6.0, rest=dt.timedelta(hours=12)):
    """The peer: a word that far more customers wrote in the last hour than in its mean hour. Quiet for half a day after an alarm."""
    from learning.wording import words

    written = [words(line.text) for line in lines]
    total, recent, found, until = Counter(), deque(), [], lines[0].at + dt.timedelta(days=2)
    for place, line in enumerate(lines):
        recent.append(place)
        while line.at - lines[recent[0]].at > dt.timedelta(hours=1):
            total.update(written[recent.popleft()])
        if line.at < until:
            continue
        hours = (line.at - lines[0].at).total_seconds() / 3600
        for word in written[place]:
            members = [each for each in recent if word in written[each]]
            mean = total[word] / hours
            if len({lines[each].customer for each in members}) >= max(least, mean + above * mean**0.5):
                found.append((place, Counter(lines[each].kind for each in members)))
                until = line.at + rest
                break
    return found


def judge(lines, found):
    """By outage the report at which it was raised and the minutes since the first; and how many incidents were none, or a second of the same."""
    raised, false = {}, 0
    for place, kinds in found:
        name = next((kind for kind, _ in kinds.most_common() if kind not in {"ordinary", "spam"}), None)
        before = [line.at for line in lines[: place + 1] if line.kind == name]
        if not before or name in raised:
            false += 1
            continue
        raised[name] = (len(before), (before[-1] - before[0]).total_seconds() / 60)
    return {"raised": raised, "false": false, "months": DAYS / 30}


def told(run):
    at = ", ".join(f"{name} at report {run['raised'][name][0]}" if name in run["raised"] else f"{name} missed" for name in HELD_OUT)
    return f"{at}; {run['false']} false"


def rows_of(ours, peer):
    name = {"peer_name": "a word's customers in the last hour against its mean hour"}

    def pair(figure):
        return figure(ours), figure(peer)

    def at(runs):
        return [run["raised"].get(name, (MISSED, 60.0))[0] for run in runs for name in HELD_OUT]

    def row(metric, figure, goal=None, unit="", better="lower"):
        mine, its = pair(figure)
        return harness.row(metric, mine, goal=goal, peer=its, unit=unit, better=better, **name)

    return [
        row("raised at report, median", lambda runs: statistics.median(at(runs)), BY_REPORT),
        row("raised at report, 90th percentile", lambda runs: harness.percentile(at(runs), 0.9), BY_REPORT),
        row("raised by the 10th report", lambda runs: sum(n <= BY_REPORT for n in at(runs)) / len(at(runs)), None, "share", "higher"),
        row(
            "minutes since the first report",
            lambda runs: statistics.median([run["raised"].get(name, (0, 60.0))[1] for run in runs for name in HELD_OUT]),
            unit="min",
        ),
        row("false incidents per 30 days", lambda runs: sum(run["false"] for run in runs) / sum(run["months"] for run in runs), 0.5),
    ]


if __name__ == "__main__":
    sys.exit(main())
