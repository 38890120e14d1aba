"""Ours beside Vowpal Wabbit's contextual bandit, on the same questions, candidates and signals; and what it costs to learn from one.

Run by `make bench NAME=learning`, on the demo company's own history; CORPUS=folder plays another, LIMIT=1500 so many of its tickets, SEED=2
another order. Both answer every question, as a bandit has no abstention. The peer is played with six settings and gets the best of them, in
hindsight. It is told of silence at once; ours must wait until the window closes.
"""

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import django
import numpy as np

from config import product
from tests.benchmarks import _harness as harness

CORPUS = Path(os.environ.get("CORPUS") or product.ROOT / "helpdesk" / "demo")
LIMIT = int(os.environ["LIMIT"]) if os.environ.get("LIMIT") else None
SEED = int(os.environ.get("SEED", "1"))
PEERS = Path(__file__).with_name("_peers.txt")
FAILED = {"rephrase", "person"}


def main():
    django.setup()
    python = environment()
    run, tickets, vectors = play()
    ours, updates = [row["right"] for row in run.progress.rows], run.progress.updates
    theirs = peer(python, tickets, vectors)
    best = max(theirs, key=lambda setting: np.mean(last_third(theirs[setting]["first"])))
    for setting, found in theirs.items():
        print(f"Vowpal Wabbit {setting}: top1 {np.mean(last_third(found['first'])):.3f}, {wrong(found['served'], tickets):,} wrong")
    names = {"peer_name": f"Vowpal Wabbit 9.11.9, --cb_explore_adf {best}", "limit_name": "an oracle over the same candidates"}
    reachable = [each["right"] >= 0 for each in tickets]
    rows = [
        share(
            "top1, last third", np.mean(last_third(ours)), np.mean(last_third(theirs[best]["first"])), np.mean(last_third(reachable)), names
        ),
        harness.row(
            "regret: answerable, answered wrongly",
            wrong(ours, tickets),
            peer=wrong(theirs[best]["served"], tickets),
            limit=wrong(reachable, tickets),
            unit="tickets",
            **names,
        ),
        harness.row("ledger row and episode, p50", harness.percentile(updates, 0.5)),
        harness.row("ledger row and episode, p99", harness.percentile(updates, 0.99), goal=10),
        harness.row("all that is learned from an event, p99", harness.percentile(run.progress.events, 0.99)),
    ]
    return harness.report("learning", rows, corpus=CORPUS.resolve().name, tickets=len(tickets), seed=SEED)


def share(metric, ours, peer, limit, names):
    return {
        **harness.row(metric, None, unit="share", better="higher", **names),
        "ours": round(ours, 4),
        "peer": round(peer, 4),
        "limit": round(limit, 4),
    }


def last_third(found):
    return found[len(found) - len(found) // 3 :]


def wrong(right, tickets):
    """Of the questions that some source answers."""
    return sum(not each for each, ticket in zip(right, tickets, strict=True) if ticket["is_answerable"])


def environment():
    """The peers' own Python, made at the first run."""
    folder = Path(os.environ.get("DATA_DIR") or product.ROOT / ".data") / "bench" / "peers"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", PEERS], check=True)
    return python


def play():
    """Our run, and what was known when each of its tickets was decided, for the peer."""
    from assistant.backtest.customer import Channels
    from assistant.backtest.replay import Rules
    from assistant.backtest.run import Plan, Run
    from helpdesk import corpus
    from learning.models import Decision

    plan = Plan(corpus.read(CORPUS), Channels.default(), Rules(seed=SEED, always_answer=True), LIMIT, fresh=True)
    run = Run(plan, known=lambda: None)
    tickets, vectors, rights = [], [], Right(run)
    for done in run.play():
        if not done:
            continue
        decision = Decision.objects.first_of_tickets().order_by("-pk").first()
        tickets.append(seen(decision, run, done - 1, rights))
        vectors.append(np.asarray(decision.vector, np.float32))
        if done % 500 == 0:
            print(f"{done:,} of {len(run.tickets):,} tickets", flush=True)
    return run, tickets, np.array(vectors)


class Right:
    """The sources that solve a ticket, by the corpus."""

    def __init__(self, run):
        self.run, self.known = run, None

    def __call__(self, past):
        """An article, or whatever was learned on a topic that no article covers."""
        from assistant.backtest import stage

        if self.known is None:
            self.known = {key: source.pk for key, source in stage.look_up(self.run.plan.corpus).articles.items()}
        learned = {int(source) for source, topic in self.run.progress.learned.items() if past.topic and topic == past.topic}
        return learned | ({self.known[past.resolved_by]} if past.resolved_by else set())


def seen(decision, run, number, right_sources):
    from assistant.backtest.customer import Channels, mood

    past = run.tickets[number]
    arms = [(each["source"], *(each["features"].get(name, 0.0) for name in ("dense", "text", "search"))) for each in decision.served]
    right = right_sources(past)
    drawn = mood(Channels.default(), SEED, number)
    failed = drawn.reaction_wrong in FAILED or (drawn.reaction_wrong == "silence" and drawn.returns_wrong)
    return {
        "arms": arms,
        "right": next((place for place, arm in enumerate(arms) if arm[0] in right), -1),
        "is_answerable": past.resolved_by is not None or bool(past.topic),
        "context": [("page", past.page), *past.segment.items()],
        "reward_right": reward(drawn.reaction_right, drawn.returns_right),
        "reward_wrong": reward(drawn.reaction_wrong, drawn.returns_wrong),
        "shown_if_wrong": (failed and drawn.demonstrates) or drawn.is_audited,
    }


def reward(reaction, returns):
    """P(right | what the customer did) from even odds, by the rates that our ledger starts from."""
    from learning.channels import channel
    from learning.credit import sigmoid

    kind = {"confirm": "confirmed", "rephrase": "rephrased", "person": "asked_person", "silence": "assumed"}[reaction]
    weight = channel(kind).llr + (channel("came_back").llr if reaction == "silence" and returns else 0.0)
    return round(sigmoid(weight), 4)


def peer(python, tickets, vectors):
    with tempfile.TemporaryDirectory() as folder:
        stream, kept = Path(folder) / "tickets.json", Path(folder) / "vectors.npy"
        stream.write_text(json.dumps(tickets))
        np.save(kept, vectors)
        command = [python, Path(__file__).with_name("_vowpal.py"), stream, kept, str(SEED)]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


if __name__ == "__main__":
    sys.exit(main())
