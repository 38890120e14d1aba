"""The peer: Vowpal Wabbit's contextual bandit, with arms described, on the stream that it is handed. Runs in the peers' own environment.

It sees what our assistant saw when it decided: the question's vector, page and plan, and each candidate with its scores; and it is told
what the simulated customer then did about its own choice, as the probability that the choice was right, and whatever agents showed.
"""

import json
import sys
from pathlib import Path

import numpy as np
from vowpalwabbit import Workspace

TOGETHER = "-q qa -q ca"  # words and context with each source: a linear model of its own for each
SETTINGS = (
    "--cb_type mtr --epsilon 0.02",
    "--cb_type mtr --epsilon 0.02 --learning_rate 0.1",
    "--cb_type mtr --squarecb",
    f"--cb_type mtr --epsilon 0.02 {TOGETHER}",
    f"--cb_type mtr --first 200 {TOGETHER}",
    f"--cb_type mtr --squarecb {TOGETHER}",
)


def main():
    tickets = json.loads(Path(sys.argv[1]).read_text())
    vectors = np.load(sys.argv[2])
    print(json.dumps({setting: play(setting, tickets, vectors, int(sys.argv[3])) for setting in SETTINGS}))


def play(setting, tickets, vectors, seed):
    """For each ticket whether its first choice was right, and whether what it served was: the two differ where it explores."""
    model = Workspace(f"--cb_explore_adf {setting} --random_seed {seed} --quiet -b 22")
    draw = np.random.default_rng(seed)
    first, served = [], []
    for ticket, vector in zip(tickets, vectors, strict=True):
        arms = ticket["arms"]
        if not arms:
            first.append(False), served.append(False)
            continue
        shared, actions = described(ticket, vector)
        odds = np.array(model.predict([shared, *actions]), np.float64)
        taken = int(draw.choice(len(arms), p=odds / odds.sum()))
        right = taken == ticket["right"]
        first.append(int(odds.argmax()) == ticket["right"]), served.append(right)
        told(model, shared, actions, taken, -ticket["reward_right" if right else "reward_wrong"], odds[taken])
        if not right and ticket["right"] >= 0 and ticket["shown_if_wrong"]:
            told(model, shared, actions, ticket["right"], -1.0, 1.0)
    model.finish()
    return {"first": first, "served": served}


def described(ticket, vector):
    features = " ".join(f"v{place}:{value:.5f}" for place, value in enumerate(vector.tolist()))
    context = " ".join(f"{name}={value}".replace(" ", "_").replace(":", "_").replace("|", "_") for name, value in ticket["context"])
    actions = [
        f"|a s{source} |p dense:{dense:.4f} text:{text:.4f} search:{np.exp(search):.4f}" for source, dense, text, search in ticket["arms"]
    ]
    return f"shared |q {features} |c always {context}", actions


def told(model, shared, actions, place, cost, probability):
    labelled = [f"{place}:{cost:.4f}:{probability:.4f} {action}" if number == place else action for number, action in enumerate(actions)]
    model.learn([shared, *labelled])


if __name__ == "__main__":
    main()
