"""What every benchmark shares: the product as a server, rounds, and a table that is also written down."""

import http.client
import json
import os
import statistics
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from config import ports, product
from config.processes import Owner, wait_until

ROUNDS = 5


@contextmanager
def web_server():
    """The product's web process as `make demo` starts it, on the databases of this benchmark. Yields its port."""
    port = ports.free()
    with tempfile.TemporaryDirectory(prefix="whetstone-bench-") as folder, Owner(Path(folder), "a benchmark") as owner:
        child = product.start("web", owner, {**os.environ, "WHETSTONE_LOG_LEVEL": "WARNING"}, port)
        wait_until(lambda: product.ask(f"http://127.0.0.1:{port}/healthz")[0] == 200, child=child, seconds=60, what="The web server")
        yield port


class Caller:
    """One connection that stays open, as a program's would."""

    def __init__(self, port, headers):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.headers = {"Content-Type": "application/json", **headers}

    def __call__(self, method, path, data=None):
        """(milliseconds, answer)"""
        body = json.dumps(data) if data is not None else None
        started = time.perf_counter()
        self.connection.request(method, path, body, self.headers)
        response = self.connection.getresponse()
        text = response.read()
        taken = (time.perf_counter() - started) * 1000
        assert response.status == 200, f"{response.status}: {text[:300]!r}"
        return taken, json.loads(text)


def timed(function, *arguments):
    started = time.perf_counter()
    function(*arguments)
    return (time.perf_counter() - started) * 1000


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, round(share * (len(values) - 1)))]


def over_rounds(rounds, share):
    """The median of the rounds' percentiles; a round is a list of milliseconds."""
    return statistics.median(percentile(each, share) for each in rounds) if rounds else None


def row(metric, ours, *, goal=None, peer=None, peer_name=None, limit=None, limit_name=None, unit="ms", better="lower"):
    return {
        "metric": metric,
        "ours": rounded(ours),
        "goal": goal,
        "peer": rounded(peer),
        "peer_name": peer_name,
        "limit": rounded(limit),
        "limit_name": limit_name,
        "unit": unit,
        "better": better,
    }


def rounded(value):
    return None if value is None else round(value, 2)


def report(name, rows, **facts):
    """Print the table, write it down, and say which goals were missed. Returns an exit status."""
    print(f"\n{'metric':34}{'ours':>9}{'goal':>9}{'peer':>9}{'limit':>9}  unit")
    for each in rows:
        figures = "".join(f"{'-' if each[key] is None else each[key]:>9}" for key in ("ours", "goal", "peer", "limit"))
        print(f"{each['metric']:34}{figures}  {each['unit']}")
    for kind in ("peer", "limit"):
        for told in dict.fromkeys(each[f"{kind}_name"] for each in rows if each[f"{kind}_name"]):
            print(f"{kind}: {told}")
    for key, value in facts.items():
        print(f"{key}: {value}")
    path = Path(os.environ.get("DATA_DIR") or product.ROOT / ".data") / "bench" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"rows": rows, **facts}, indent=2))
    missed = [each["metric"] for each in rows if each["goal"] is not None and not within(each)]
    print(f"\nWritten to {path}." + (f" Missed: {', '.join(missed)}." if missed else ""))
    return 1 if missed else 0


def within(each):
    return each["ours"] <= each["goal"] if each["better"] == "lower" else each["ours"] >= each["goal"]
