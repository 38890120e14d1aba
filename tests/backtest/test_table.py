"""The table of figures: what is read off backtests, and that a run goes on where it was cut off."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from assistant.backtest import checkpoint
from assistant.backtest.table import PLAYS, ROWS
from assistant.management.commands import figures

DEMO = Path("helpdesk/demo")
row = {each.name: each for each in ROWS}


def final(**values):
    usual = {
        "top1": 0.9,
        "coverage": 0.9,
        "precision": 0.96,
        "resolved": 0.86,
        "share_of_supervised": 0.99,
        "frozen_resolved": 0.2,
        "lift": 0.2,
        "ece": 0.01,
    }
    return {"final": {**usual, **values}}


class TestRows:
    def test_each_rests_on_plays_that_there_are(self):
        names = {play.name for play in PLAYS}
        assert all(set(each.plays) <= names for each in ROWS)
        assert len({each.name for each in ROWS}) == len(ROWS)

    @pytest.mark.parametrize("each", ROWS, ids=lambda each: each.name)
    def test_what_was_not_played_is_not_a_figure(self, each):
        assert each.value({}) is None

    def test_handing_everything_off_wins_nothing(self):
        assert row["share"].value({"default": [final(), final(coverage=0.6)]}) == pytest.approx(0.495)
        assert row["coverage"].value({"default": [final(), final(precision=0.94)]}) == pytest.approx(0.45)

    def test_losses_are_points_against_the_same_runs_without(self):
        assert row["flip"].value({"short": [final(top1=0.9)], "flip": [final(top1=0.88)]}) == pytest.approx(2.0)
        assert row["hostile"].value({"short": [final(top1=0.9)], "hostile": [{"hostile": {"top1": 0.87}}]}) == pytest.approx(3.0)
        assert row["worlds"].value({"default": [final(top1=0.9)], "default.wrong-channels": [final(top1=0.91)]}) == pytest.approx(1.0)

    def test_goals_are_of_a_corpus(self):
        assert row["share"].holds("banking77", 0.989) is False
        assert row["share"].holds("clinc150", 0.989) is True
        assert row["share"].holds("your own", 0.989) is None
        assert row["flip"].holds("your own", 0.4) is True
        assert row["times"].value({"default": [final()]}) == pytest.approx(4.3)


class TestCommand:
    @pytest.fixture
    def played(self, settings, tmp_path, monkeypatch):
        """Backtests that only write down what they were asked; the first of seed 2 fails."""
        settings.DATA_DIR = tmp_path
        seen = []

        def command(run):
            seen.append(run)
            if run.seed == 2 and len([each for each in seen if each.seed == 2]) == 1:
                return ["python3", "-c", "raise SystemExit('no room on the disk')"]
            write = ";".join(f"open({str(path)!r}, 'w').write({json.dumps(json.dumps(final()))})" for path in run.files.values())
            return ["python3", "-c", write]

        monkeypatch.setattr(figures.Run, "command", command)
        return seen

    def test_what_is_done_is_not_done_again_and_what_failed_is_said(self, played, tmp_path, capsys):
        out = tmp_path / "table.json"
        call_command("figures", DEMO, "--only", "lift", "--seeds", "2", "--json", out)
        assert "no room on the disk" in capsys.readouterr().out
        assert [run.seed for run in played] == [1, 2]
        call_command("figures", DEMO, "--only", "lift", "--seeds", "2", "--json", out)
        assert [run.seed for run in played] == [1, 2, 2]
        (table,) = json.loads(out.read_text())
        assert table["rows"] == [
            {"row": "lift", "what": row["lift"].what, "goal": None, "at_least": True, "seeds": 2, "value": 0.2, "holds": None}
        ]

    def test_a_part_of_the_seeds_or_of_the_tickets_proves_nothing(self, played, tmp_path):
        out = tmp_path / "table.json"
        for options in (("--seeds", "1"), ("--limit-all", "50")):
            call_command("figures", DEMO, "--only", "ece", *options, "--json", out)
            (cell,) = json.loads(out.read_text())[0]["rows"]
            assert (cell["value"], cell["goal"], cell["holds"]) == (0.01, 0.03, None)
        for _ in range(2):  # the first time one fails
            call_command("figures", DEMO, "--only", "ece", "--json", out)
        assert json.loads(out.read_text())[0]["rows"][0]["holds"] is True

    def test_what_stands_in_the_book_is_not_played_again_and_what_is_of_other_code_is_said(self, played, tmp_path, capsys, monkeypatch):
        book = tmp_path / "book.json"
        options = (DEMO, "--only", "ece", "--seeds", "1", "--book", book)
        call_command("figures", *options)
        assert len(played) == 1 and json.loads(book.read_text())[0]["seed"] == 1
        for path in (tmp_path / "figures").glob("*.json"):
            path.unlink()
        call_command("figures", *options)
        assert len(played) == 1 and "other code" not in capsys.readouterr().out
        monkeypatch.setattr(checkpoint, "version", lambda: "another")
        call_command("figures", *options, "--list")
        said = capsys.readouterr().out
        assert "1 of 1 are from the book, and were played with other code." in said and "0.010" in said

    def test_a_book_that_is_none_is_said(self, tmp_path):
        (tmp_path / "book.json").write_text("[")
        with pytest.raises(CommandError, match="cannot be read"):
            call_command("figures", DEMO, "--book", tmp_path / "book.json")

    def test_a_list_plays_nothing(self, played, capsys):
        call_command("figures", DEMO, "--list", "--seeds", "1")
        said = capsys.readouterr().out
        assert f"0 of {len(PLAYS)} backtests are done." in said and "not run" in said
        assert played == []

    def test_two_of_the_same_plan_are_not_played_at_once(self, played):
        runs = [figures.Run(DEMO, "demo", play, 1, 300, "v") for play in PLAYS if play.name in {"default", "short", "flip"}]
        default, short, flip = runs
        assert figures._next([short, flip], [default], jobs=4) is flip
        assert figures._next([short, flip], [default], jobs=2) is None
        assert figures._next([default], [], jobs=1) is default

    def test_no_corpus_is_said(self, tmp_path):
        with pytest.raises(CommandError):
            call_command("figures", tmp_path)
