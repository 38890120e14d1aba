"""The whole command, as a program of its own: it makes and drops databases."""

import json
import os
import subprocess
import sys

import pytest

from assistant.backtest import scratch
from assistant.backtest.customer import Channels
from assistant.backtest.replay import Rules
from assistant.backtest.run import Plan
from helpdesk import corpus

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
FINAL = {
    "top1",
    "coverage",
    "precision",
    "resolved",
    "ece",
    "share_of_supervised",
    "frozen_top1",
    "frozen_resolved",
    "lift",
    "audits",
}


PARTS = {"corpus", "n", "seed", "windows", "final", "reliability", "baselines", "latency_ms", "unanswerable", "staleness"}


def run(root, folder, *flags):
    command = [sys.executable, "manage.py", "backtest", str(folder), *map(str, flags)]
    environment = {**os.environ, "WHETSTONE_EMBEDDER": "tests.search.fakes.Words"}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=300)


def databases():
    with scratch._server() as server:
        return {row[0] for row in server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'backtest_%%'").fetchall()}


def test_figures_of_the_promised_form_and_nothing_left_behind(root, folder, tmp_path):
    played, out = folder(), tmp_path / "out.json"
    done = run(root, played, "--one-world", "--json", out)
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    assert set(result) == PARTS
    assert set(result["final"]) == FINAL
    assert set(result["baselines"]) == {"frozen", "bm25", "llamaindex_vector", "supervised"}
    assert result["n"] == 4 and "share of full supervision" in done.stdout
    assert Plan(corpus.read(played), Channels.default(), Rules()).database not in databases()  # other tests have theirs meanwhile


def test_liars_plant_nothing_and_hidden_topics_are_counted(root, folder, tmp_path):
    out, page = tmp_path / "out.json", tmp_path / "out.html"
    done = run(root, folder(), "--one-world", "--hide", 0.34, "--hostile", 1, "--json", out, "--html", page)
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    assert set(result["hidden"]) == {"n", "top1", "topics", "learned_per_topic"}
    assert result["hostile"]["served"] == 0 and result["hostile"]["n"] == 0
    assert "planted texts served" in done.stdout
    shown = page.read_text()
    assert "planted texts served" in shown and "--hostile 1.0 --hide 0.34" in shown
    assert str(root) not in shown and str(tmp_path.parent) not in shown


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--limit", 0], "--limit must be"),
        (["--flip", 2], "--flip is a share"),
        (["--hide", -1], "--hide is a share"),
        (["--change-at", 0], "--change-at must be"),
        (["--channels", "nowhere.json"], "is not a channel file"),
        (["--json", "nowhere/out.json"], "nowhere is not a folder"),
    ],
)
def test_bad_options_are_refused(root, folder, flags, complaint):
    done = run(root, folder(), *flags)
    assert done.returncode == 1 and complaint in done.stderr and "Traceback" not in done.stderr


def test_only_scratch_databases_are_entered_or_dropped():
    for act in (scratch.enter, scratch.drop):
        with pytest.raises(ValueError, match="not a scratch database"):
            act("whetstone")
