"""`manage.py backtest FOLDER`: what the assistant would have come to on your own history."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from argparse import SUPPRESS
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from assistant.backtest import page, report
from assistant.backtest.baselines import Outcome
from assistant.backtest.customer import WRONG, Channels, ChannelsError
from assistant.backtest.hiding import hide
from assistant.backtest.replay import Rules
from assistant.backtest.run import Plan, Run
from helpdesk import corpus
from helpdesk.search.embedder import EmbedderUnavailable

SHARES = ("flip", "hostile", "hide")


class Command(BaseCommand):
    help = "Replay a corpus through the assistant in a scratch database, with a simulated customer, and measure what it learns."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--limit", type=int, help="Only so many tickets, drawn by the seed")
        parser.add_argument("--seed", type=int, default=1, help="Draws the order of the tickets")
        parser.add_argument("--json", type=Path, help="Where to write the figures; those of the other world go to NAME.wrong-channels.json")
        parser.add_argument("--html", type=Path, help="Where to write the same as a page with charts, of both worlds where both are run")
        parser.add_argument("--channels", type=Path, help="How the simulated customers react; without it both worlds are run")
        parser.add_argument("--flip", type=float, default=0.0, metavar="P", help="Share of reactions that are random")
        parser.add_argument("--hostile", type=float, default=0.0, metavar="P", help="Share of accounts that lie on purpose and plant texts")
        parser.add_argument(
            "--hide", type=float, default=0.0, metavar="P", help="Share of articles that do not exist: agents answer in their own words"
        )
        parser.add_argument("--change-at", type=int, metavar="K", help="From ticket K on a tenth of the sources is wrong")
        parser.add_argument("--no-demonstrations", action="store_true", help="Agents never show the right answer")
        parser.add_argument("--always-answer", action="store_true", help="No abstention")
        parser.add_argument("--no-context", action="store_true", help="Page and segment are hidden")
        parser.add_argument("--one-world", action="store_true", help="Leave out the world in which the shipped priors are wrong")
        parser.add_argument("--baselines-on-stdin", action="store_true", help=SUPPRESS)  # how one world hands them to the other
        parser.add_argument("--fresh", action="store_true", help="Begin anew, even if a run was cut off")
        parser.add_argument("--keep", action="store_true", help="Leave the scratch database, to look into it")

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(file=self.stdout._out, width=None if sys.stdout.isatty() else 120)  # type: ignore[arg-type]
        try:
            plan = _plan(options)
            _may_be_written([path for path in (options["json"], options["html"]) if path])
            run = Run(plan, _from_stdin if options["baselines_on_stdin"] else None)
            with Console(stderr=True).status("Embedding the questions"):
                run.embed()
            with self._other_world(options) as other:
                result = _play(run, Console(stderr=True))
                report.show(console, result, plan.channels.name)
                _write(options["json"], result)
                worlds = {plan.channels.name: result}
                if other is not None:
                    second = worlds["wrong-channels"] = other(run.others())
                    report.show(console, second, "wrong-channels")
                    _write(_beside(options["json"]), second)
                if options["html"]:
                    _replace(options["html"], page.render(worlds, _told(options)))
        except (corpus.CorpusError, ChannelsError, EmbedderUnavailable) as error:
            raise CommandError(str(error)) from error

    @contextmanager
    def _other_world(self, options: dict[str, Any]) -> Iterator[Any]:
        """The same in the world that the priors get wrong, in a process of its own at the same time."""
        if options["channels"] or options["one_world"]:
            yield None
            return
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "result.json"
            command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "backtest", str(options["folder"]), *_same(options)]
            command += ["--channels", str(WRONG), "--json", str(out), "--baselines-on-stdin"]
            quiet = {**os.environ, "TERM": "dumb", "OMP_NUM_THREADS": "1"}
            pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
            child = subprocess.Popen(command, env=quiet, **pipes)  # noqa: S603
            try:
                yield lambda others: _result_of(child, others, out)
            finally:
                if child.poll() is None:  # its figures are not wanted any more; its pipe may be closed already
                    child.terminate()
                    child.wait()


def _plan(options: dict[str, Any]) -> Plan:
    if options["limit"] is not None and options["limit"] < 1:
        raise CommandError("--limit must be at least 1.")
    for name in SHARES:
        if not 0 <= options[name] <= 1:
            raise CommandError(f"--{name} is a share between 0 and 1.")
    if options["change_at"] is not None and options["change_at"] < 1:
        raise CommandError("--change-at must be at least 1.")
    rules = Rules(
        seed=options["seed"],
        **{name: options[name] for name in SHARES},
        demonstrations=not options["no_demonstrations"],
        always_answer=options["always_answer"],
        context=not options["no_context"],
        change_at=options["change_at"],
    )
    channels = Channels.read(options["channels"]) if options["channels"] else Channels.default()
    found = corpus.read(options["folder"])
    if not found.tickets:
        raise CommandError("tickets.jsonl holds no ticket.")
    if rules.hide:
        found = hide(found, rules.hide, rules.seed)
    return Plan(found, channels, rules, options["limit"], options["fresh"], options["keep"])


def _same(options: dict[str, Any]) -> list[str]:
    given = ["--seed", str(options["seed"]), *(part for name in SHARES if options[name] for part in (f"--{name}", str(options[name])))]
    for name in ("limit", "change_at"):
        given += [f"--{name.replace('_', '-')}", str(options[name])] if options[name] else []
    flags = ("no_demonstrations", "always_answer", "no_context", "fresh", "keep")
    return given + [f"--{flag.replace('_', '-')}" for flag in flags if options[flag]]


def _play(run: Run, console: Console) -> dict[str, Any]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("Setting up", total=len(run.tickets))
            for done in run.play():
                bar.update(task, completed=done, description="Tickets")
            bar.update(task, description="Waiting for the baselines")
            return run.result()
    finally:
        run.close()


def _from_stdin() -> Outcome:
    stored = sys.stdin.buffer.read()
    if not stored:
        raise CommandError("The run that computes the baselines has ended without them.")
    return Outcome.from_bytes(stored)


def _result_of(child: subprocess.Popen[bytes], others: Outcome, out: Path) -> dict[str, Any]:
    _, errors = child.communicate(others.to_bytes())
    if child.returncode:
        raise CommandError(f"The run in the other world failed:\n{errors.decode(errors='replace')}")
    result: dict[str, Any] = json.loads(out.read_text())
    return result


def _write(path: Path | None, result: dict[str, Any]) -> None:
    if path:
        _replace(path, json.dumps(result, indent=1) + "\n")


def _may_be_written(paths: list[Path]) -> None:
    """Said before the run, which may take minutes."""
    for path in paths:
        if path.is_dir() or not path.parent.is_dir():
            raise CommandError(f"{path} cannot be written: {'it is' if path.is_dir() else f'{path.parent} is not'} a folder.")


def _replace(path: Path, text: str) -> None:
    """Whoever finds the file finds all of it."""
    draft = path.with_name(f"{path.name}.part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _told(options: dict[str, Any]) -> str:
    """The command that makes the same figures, without where it was run."""
    given = [] if not options["channels"] else ["--channels", options["channels"].name]
    given += ["--one-world"] if options["one_world"] else []
    return shlex.join(["backtest", options["folder"].resolve().name, *_same(options), *given])


def _beside(path: Path | None) -> Path | None:
    return path.with_name(f"{path.stem}.wrong-channels.json") if path else None
