"""What the assistant must not fall below on the demo company's own history, so that no later change makes it worse unseen."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def test_the_demo_company_learns(root, weights, tmp_path):
    out = tmp_path / "out.json"
    command = [sys.executable, "manage.py", "backtest", "helpdesk/demo", "--seed", "1", "--one-world", "--fresh", "--json", str(out)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    windows, final = result["windows"], result["final"]
    answered = sum(each["answered"] for each in windows)
    assert sum(each["resolved"] for each in windows) / answered >= 0.90, "precision of what it answers"
    assert answered / len(windows) >= 0.28, "coverage"
    assert final["top1"] - final["frozen_top1"] >= 0.05, "what learning adds to the first choice"
    assert final["resolved"] / final["frozen_resolved"] >= 1.05, "lift over the control at its own threshold; a question is .03 here"
