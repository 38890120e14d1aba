"""`manage.py figures FOLDER...`: the table of figures, from as many backtests as it takes. Run it again and it goes on where it was cut off."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from argparse import SUPPRESS
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from assistant.backtest import checkpoint
from assistant.backtest.table import PLAYS, ROWS, Play, Result, Row
from helpdesk import corpus

LEFT_OUT = ("windows", "reliability")  # what is drawn, and no figure rests on
MARKS = {True: "[green]holds[/green]", False: "[red]misses[/red]", None: ""}


@dataclass(frozen=True)
class Run:
    """One backtest of one corpus with one seed. `name`: of its files; another version of the code or other options have another."""

    folder: Path
    corpus: str
    play: Play
    seed: int
    limit: int | None
    version: str

    @property
    def path(self) -> Path:
        said = json.dumps([self.corpus, self.play.options, self.play.both, self.seed, self.limit, self.version])
        return (
            settings.DATA_DIR
            / "figures"
            / f"{self.corpus}-{self.play.name}-{self.seed}-{hashlib.sha256(said.encode()).hexdigest()[:12]}.json"
        )

    @property
    def files(self) -> dict[str, Path]:
        """By the name that the table knows the play by."""
        other = {f"{self.play.name}.wrong-channels": self.path.with_name(f"{self.path.stem}.wrong-channels.json")} if self.play.both else {}
        return {self.play.name: self.path, **other}

    @property
    def is_done(self) -> bool:
        return all(path.exists() for path in self.files.values())

    @property
    def entry(self) -> dict[str, Any]:
        """What it is in the book, whatever the code was."""
        play = self.play
        return {"corpus": self.corpus, "play": play.name, "options": list(play.options), "seed": self.seed, "limit": self.limit}

    @property
    def log(self) -> Path:
        return self.path.with_suffix(".log")

    @property
    def cores(self) -> int:
        return 2 if self.play.both else 1

    @property
    def plan(self) -> tuple[object, ...]:
        return self.corpus, self.play.options, self.seed, self.limit

    def command(self) -> list[str]:
        limit = ["--limit", str(self.limit)] if self.limit else []
        worlds = [] if self.play.both else ["--one-world"]
        options = [*self.play.options, *limit, *worlds, "--seed", str(self.seed), "--json", str(self.path)]
        return [sys.executable, str(settings.BASE_DIR / "manage.py"), "backtest", str(self.folder), *options]

    def __str__(self) -> str:
        return f"{self.corpus} {self.play.name}, seed {self.seed}"


class Book:
    """Results that were kept, each with the code it was played with. `path` None: an empty one that is not kept."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.entries: list[dict[str, Any]] = json.loads(path.read_text()) if path and path.exists() else []

    def entry(self, run: Run) -> dict[str, Any] | None:
        return next((each for each in self.entries if run.entry.items() <= each.items()), None)

    def results(self, run: Run) -> dict[str, Result] | None:
        """By the name that the table knows the play by; what was played here and now comes first. None: nowhere to be found."""
        if run.is_done:
            return {play: json.loads(path.read_text()) for play, path in run.files.items()}
        return found["results"] if (found := self.entry(run)) else None

    def keep(self, runs: list[Run]) -> None:
        if self.path is None:
            return
        for run in (run for run in runs if run.is_done):
            results = {
                play: {name: value for name, value in result.items() if name not in LEFT_OUT}
                for play, result in (self.results(run) or {}).items()
            }
            others = [each for each in self.entries if not run.entry.items() <= each.items()]
            self.entries = [*others, {**run.entry, "code": run.version, "results": results}]
        self.entries.sort(key=lambda each: (each["corpus"], each["play"], each["seed"]))
        self.path.write_text("[\n" + ",\n".join(json.dumps(each) for each in self.entries) + "\n]\n")


class Command(BaseCommand):
    help = "Play every backtest that the table of figures rests on, and print it. What is done already is not done again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
        parser.add_argument("--only", action="append", choices=[row.name for row in ROWS], help="These rows alone")
        parser.add_argument("--seeds", type=int, metavar="N", help="The first N seeds of each play")
        parser.add_argument("--limit-all", type=int, metavar="N", help="At most N tickets a run: for a look, its figures say nothing")
        parser.add_argument("--list", action="store_true", help="Say what would be played, and print what is known")
        parser.add_argument("--json", type=Path, help="Where to write the table")
        parser.add_argument(
            "--book", type=Path, help="Results of earlier runs, of any code: not played again; what is played is added to it"
        )
        parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help=SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:
        rows = [row for row in ROWS if not options["only"] or row.name in options["only"]]
        wanted = {play for row in rows for play in row.plays}
        runs = [run for folder in options["folders"] for run in _runs(folder, wanted, options)]
        console = Console(file=self.stdout._out, width=None if sys.stdout.isatty() else 120)  # type: ignore[arg-type]
        try:
            book = Book(options["book"])
        except (OSError, ValueError) as error:
            raise CommandError(f"{options['book']} cannot be read: {error}") from error
        missing = [run for run in runs if book.results(run) is None]
        if options["list"]:
            console.print(f"{len(runs) - len(missing)} of {len(runs)} backtests are done.", *map(str, missing), sep="\n  ")
            failed = {}
        else:
            try:
                failed = _play(missing, options["jobs"])
            finally:
                book.keep(runs)
        if other := [run for run in runs if not run.is_done and (entry := book.entry(run)) and entry["code"] != run.version]:
            console.print(f"{len(other)} of {len(runs)} are from the book, and were played with other code.")
        table = [
            _cells(name, rows, [run for run in runs if run.corpus == name], failed, book)
            for name in dict.fromkeys(run.corpus for run in runs)
        ]
        for cells in table:
            console.print(_shown(cells))
        for run, said in failed.items():
            console.print(f"{run}: {said}", style="red")
        if options["json"]:
            options["json"].write_text(json.dumps(table, indent=1) + "\n")


def _runs(folder: Path, wanted: set[str], options: dict[str, Any]) -> Iterator[Run]:
    try:
        found = corpus.read(folder)
    except corpus.CorpusError as error:
        raise CommandError(str(error)) from error
    version = checkpoint.version()
    for play in PLAYS:
        if play.name in wanted:
            limit = min(filter(None, [play.limit, options["limit_all"]]), default=None)
            for seed in play.seeds[: options["seeds"]]:
                yield Run(folder, found.name, play, seed, limit, version)


def _play(runs: list[Run], jobs: int) -> dict[Run, str]:
    """Side by side, as many as there are cores; one that plays both worlds takes two. What failed, and what it said last."""
    failed: dict[Run, str] = {}
    running: dict[Run, subprocess.Popen[bytes]] = {}
    waiting = list(runs)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("Backtests", total=len(runs))
        try:
            while waiting or running:
                while (run := _next(waiting, list(running), jobs)) is not None:
                    waiting.remove(run)
                    running[run] = _start(run)
                for run, process in list(running.items()):
                    if process.poll() is not None:
                        del running[run]
                        if process.returncode:
                            failed[run] = f"failed: {' '.join(run.log.read_text(errors='replace').split()[-30:])}"
                        bar.advance(task)
                bar.update(task, description=", ".join(map(str, running)) or "Backtests")
                time.sleep(0.2)
        finally:  # what was begun goes on from its own checkpoint the next time
            for process in running.values():
                process.terminate()
            for process in running.values():
                process.wait()
    return failed


def _next(waiting: list[Run], running: list[Run], jobs: int) -> Run | None:
    """The next for which there are cores. Two of the same plan, as `--limit-all` makes them, share a scratch database: one after the other."""
    free = jobs - sum(each.cores for each in running)
    taken = {each.plan for each in running}
    return next((run for run in waiting if min(run.cores, jobs) <= free and run.plan not in taken), None)


def _start(run: Run) -> subprocess.Popen[bytes]:
    run.path.parent.mkdir(parents=True, exist_ok=True)
    quiet = {**os.environ, "TERM": "dumb", "OMP_NUM_THREADS": "1"}
    with run.log.open("wb") as log:
        return subprocess.Popen(run.command(), env=quiet, stdout=subprocess.DEVNULL, stderr=log)  # noqa: S603


def _cells(name: str, rows: list[Row], runs: list[Run], failed: dict[Run, str], book: Book) -> dict[str, Any]:
    """Whether a figure holds is said only when all that it rests on has been played in full."""
    known = {run: got for run in runs if run not in failed and (got := book.results(run))}
    found = []
    for row in rows:
        seeds_done = set.intersection(*({run.seed for run in known if run.play.name == play} for play in row.plays))
        results: dict[str, list[Result]] = {}
        for run in (run for run in known if run.play.name in row.plays and run.seed in seeds_done):  # the same seeds on both sides
            for play, result in known[run].items():
                results.setdefault(play, []).append(result)
        value, seeds = row.value(results), len(seeds_done)
        is_whole = all(seeds_done >= set(run.play.seeds) and run.limit == run.play.limit for run in runs if run.play.name in row.plays)
        cell = {"row": row.name, "what": row.what, "goal": row.goal(name), "at_least": row.at_least, "seeds": seeds}
        found.append({**cell, "value": value, "holds": row.holds(name, value) if value is not None and is_whole else None})
    return {"corpus": name, "rows": found}


def _shown(cells: dict[str, Any]) -> Table:
    table = Table(title=cells["corpus"], title_justify="left", title_style="bold", box=None, pad_edge=False)
    for heading in ("", "goal", "found", "seeds", ""):
        table.add_column(heading, justify="right" if heading else "left")
    for cell in cells["rows"]:
        goal = "" if cell["goal"] is None else f"{'>=' if cell['at_least'] else '<='} {cell['goal']:g}"
        value = "not run" if cell["value"] is None else f"{cell['value']:.3f}"
        table.add_row(cell["what"], goal, value, str(cell["seeds"] or ""), MARKS[cell["holds"]])
    return table
