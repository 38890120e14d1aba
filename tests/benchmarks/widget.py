"""The widget's line in one run: `make bench NAME=widget`. First the chats under faults (chats.py), then how fast one conversation reaches many beside the
Channels tutorial's consumer on Daphne (fanout.py), then what the widget costs the page that carries it (weight.py)."""

from tests.benchmarks import _harness as harness
from tests.benchmarks import chats, fanout, weight


def main():
    rows = [*chats.measure(), *fanout.measure(), *weight.measure()]
    return harness.report("widget", rows, seed=chats.SEED, chats=chats.CHATS, sockets=chats.SOCKETS, rounds=harness.ROUNDS)


if __name__ == "__main__":
    raise SystemExit(main())
