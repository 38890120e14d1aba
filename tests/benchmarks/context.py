"""The same words from another page, or from somebody on another plan: how often the right one of three answers comes first after ten outcomes.

Run by `make bench NAME=context`; SEEDS=1,2,3 chooses others. The peer is the same engine to which page and plan are not shown (a backtest with
--no-context): by chance it is right once in three. The first two rows ask each question in one wording. The others, for which there is no goal,
ask it in six that share few words, so that each wording has less than two of the ten outcomes.
"""

import os
import statistics
import sys
import tempfile
from collections import deque

import django

from tests.benchmarks import _context as context
from tests.benchmarks import _harness as harness

SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "1,2,3").split(",")]
TIMES, OUTCOMES = 14, 10
NAMES = {"pages": "30 questions x 3 pages", "plans": "20 questions x 3 plans"}
WORDINGS = {1: 0.95, 6: None}  # with the goal of each


def main():
    django.setup()
    rows = [measured(name, wordings, goal) for wordings, goal in WORDINGS.items() for name in context.CORPORA]
    return harness.report("context", rows, seeds=SEEDS, times=TIMES, outcomes=OUTCOMES)


def measured(name, wordings, goal):
    ours, blind = [], []
    with tempfile.TemporaryDirectory() as folder:
        for seed in SEEDS:
            written = context.write(folder, name, times=TIMES, seed=seed, wordings=wordings)
            ours.append(share_right(written, seed, shown=True))
            blind.append(share_right(written, seed, shown=False))
            print(f"{name}, {wordings} wordings, seed {seed}: {ours[-1]:.3f}; without page and plan {blind[-1]:.3f}", flush=True)
    title = NAMES[name] + (f", {wordings} wordings" if wordings > 1 else "")
    peer = {"peer": statistics.mean(blind), "peer_name": "the same without page and plan"}
    return harness.row(title, statistics.mean(ours), goal=goal, unit="share", better="higher", **peer)


def share_right(folder, seed, *, shown):
    """Top1 of the tickets of each pair after its first ten."""
    from assistant.backtest.customer import Channels
    from assistant.backtest.replay import Rules
    from assistant.backtest.run import Plan, Run
    from helpdesk import corpus

    plan = Plan(corpus.read(folder), Channels.default(), Rules(seed=seed, context=shown), fresh=True)
    run = Run(plan, known=lambda: None)  # nothing is compared with the baselines here, so they need not be computed
    deque(run.play(), maxlen=0)
    return statistics.mean(context.after(run.tickets, run.progress.rows, OUTCOMES))


if __name__ == "__main__":
    sys.exit(main())
