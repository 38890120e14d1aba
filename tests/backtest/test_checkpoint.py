"""How far a run has come: it goes on with the same code, and begins anew with any other."""

import pytest

from assistant.backtest import checkpoint
from assistant.backtest.checkpoint import Checkpoint
from assistant.backtest.replay import Progress

pytestmark = pytest.mark.django_db


def test_it_is_good_for_the_code_that_wrote_it_and_for_no_other(tmp_path, monkeypatch):
    kept = Checkpoint(tmp_path / "run" / "default.json")
    assert not kept.is_good()
    kept.save(Progress())
    assert kept.is_good() and kept.load() == Progress()
    monkeypatch.setattr(checkpoint, "version", lambda: "another")
    assert not kept.is_good()


@pytest.mark.parametrize("text", ["", "[", "{}", "[1]"])
def test_what_is_none_is_begun_anew(tmp_path, text):
    path = tmp_path / "default.json"
    path.write_text(text)
    assert not Checkpoint(path).is_good()
