"""`manage.py replay_incidents FILE.jsonl`: what the incident detector would have raised over a past stream. Writes nothing to the database."""

from __future__ import annotations

import datetime as dt
import json
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from helpdesk import jsonlines
from helpdesk.formatting import clean_line
from helpdesk.search.embedder import EmbedderUnavailable, embed
from learning import bursts
from learning.masking import mask
from learning.stream import Raised, Stream
from learning.wording import has_link, words

BATCH = 64


@dataclass(frozen=True)
class Line:
    at: dt.datetime
    text: str
    customer: str
    is_known: bool


class Command(BaseCommand):
    help = (
        'Run incident detection over past texts, as if live. A line is {"at", "text", "customer"?, "verified"?}, in time order. A customer who '
        'is named is one you know, as if they had proved their address; say "verified": false of those who had not. Whoever is not named is a '
        "stranger, somebody else each time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--json", type=Path, help="Where to write what was found")

    def handle(self, *args: Any, **options: Any) -> None:
        lines = read(options["file"])
        try:
            found = _replay(lines, Console(stderr=True))
        except EmbedderUnavailable as error:
            raise CommandError(str(error)) from error
        result = {"days": _days(lines), "incidents": found}
        _show(result, Console(file=self.stdout._out, width=None if sys.stdout.isatty() else 120))  # type: ignore[arg-type]
        if options["json"]:
            try:
                options["json"].write_text(json.dumps(result, indent=1) + "\n")
            except OSError as error:
                raise CommandError(f"{options['json']} cannot be written: {error.strerror}.") from error


def read(path: Path) -> list[Line]:
    """Raises CommandError naming the line that cannot be used."""
    try:
        lines = [_line(where, data) for where, data in jsonlines.objects(path)]
    except jsonlines.BadLine as error:
        raise CommandError(str(error)) from error
    for number, (one, other) in enumerate(pairwise(lines), 2):
        if other.at < one.at:
            raise CommandError(f"{path.name}: entry {number} ({other.at.isoformat()}) is earlier than the one before it; sort by `at`.")
    return lines


def _line(where: str, data: dict[str, Any]) -> Line:
    text, customer = data.get("text"), data.get("customer")
    if not isinstance(text, str) or not text.strip():
        raise jsonlines.BadLine(f"{where}: 'text' must be a text that is not empty.")
    if customer is not None and not isinstance(customer, str | int):
        raise jsonlines.BadLine(f"{where}: 'customer' must be a text, not {jsonlines.shown(customer)}.")
    verified = data.get("verified", True)
    if not isinstance(verified, bool):
        raise jsonlines.BadLine(f"{where}: 'verified' must be true or false, not {jsonlines.shown(verified)}.")
    is_named = customer not in (None, "")
    # Whoever is not named is somebody else each time.
    return Line(jsonlines.moment(data.get("at"), where), text, f"={customer}" if is_named else f"#{where}", is_named and verified)


def _replay(lines: list[Line], console: Console) -> list[dict[str, Any]]:
    stream, usual = Stream(), {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Texts", total=len(lines))
        for start in range(0, len(lines), BATCH):
            part = lines[start : start + BATCH]
            for offset, (line, vector) in enumerate(zip(part, embed([line.text for line in part]), strict=True)):
                found = words(mask(line.text))
                raised = stream.feed(start + offset, line.at, vector, found, line.customer, has_link(line.text), line.is_known)
                if raised and stream.usual:
                    usual[id(raised)] = stream.usual
            bar.update(task, completed=start + len(part))
    return [_as_json(incident, lines, usual[id(incident)]) for incident in stream.raised]


def _as_json(incident: Raised, lines: list[Line], usual: bursts.Background) -> dict[str, Any]:
    """`title` is what the most typical report says."""
    typical = max(incident.members, key=lambda report: float(report.vector @ incident.centre))
    return {
        "raised_at": incident.raised_at.isoformat(),
        "first_seen": incident.members[0].at.isoformat(),
        "reports": len(incident.members),
        "customers": len({report.account for report in incident.members}),
        "terms": bursts.telling([report.words for report in incident.members], usual),
        "title": clean_line(mask(lines[typical.key].text), limit=120),
        "closed_at": incident.closed_at.isoformat() if incident.closed_at else None,
    }


def _days(lines: list[Line]) -> float:
    return round((lines[-1].at - lines[0].at).total_seconds() / 86_400, 2) if lines else 0.0


def _show(result: dict[str, Any], console: Console) -> None:
    count = len(result["incidents"])
    console.print(f"{count} incident{'' if count == 1 else 's'} in {result['days']:g} days.")
    if not count:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("raised", "first seen", "reports", "customers", "closed", "title", "terms"):
        table.add_column(name, justify="right" if name in {"reports", "customers"} else "left")
    for each in result["incidents"]:
        when = [(each[key] or "")[:16].replace("T", " ") for key in ("raised_at", "first_seen", "closed_at")]
        table.add_row(
            when[0],
            when[1],
            str(each["reports"]),
            str(each["customers"]),
            when[2] or "open",
            escape(each["title"]),
            ", ".join(each["terms"]),
        )
    console.print(table)
