"""The same words from three pages, or from three plans, have three right answers: outcomes must teach which, and nothing else can."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow
MEASURE = """
import sys, django
django.setup()
from tests.benchmarks import _context, context
folder = _context.write(sys.argv[2], sys.argv[1], times=12, seed=5, questions=4)
print(*[context.share_right(folder, 5, shown=shown) for shown in (True, False)])
"""


@pytest.mark.parametrize("name", ["pages", "plans"])
def test_ten_outcomes_tell_the_same_words_apart_by_their_context(name, root, weights, tmp_path, monkeypatch):
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "config.settings")

    done = subprocess.run([sys.executable, "-c", MEASURE, name, str(tmp_path)], cwd=root, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    shown, hidden = (float(share) for share in done.stdout.split())
    assert shown >= 0.95
    assert hidden <= 0.5, "without its page or plan, a question with three answers cannot be told"
