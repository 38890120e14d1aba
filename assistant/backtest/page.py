"""A run as one page that needs nothing else: charts drawn here, styles within, to keep, to send and to print."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from assistant.backtest.report import baseline_rows, facts, number
from learning import charts
from learning.charts import Chart, Scale, Tick
from learning.estimates import Floats, wilson

STYLES = ("tokens.css", "components/chart.css", "report.css")
_FONT = re.compile(r"@font-face\s*\{[^}]*\}")
LINES = (  # of a chart: which class it wears, what it is called, its key in a window
    [("learned", "learned", "top1"), ("frozen", "frozen day one", "frozen_top1"), ("target", "told every truth", "oracle_top1")],
    [("learned", "precision", "precision"), ("second", "coverage", "answered")],
)
TITLES = ("How often the first choice is right", "Of what it answers, how much is right; and how much it answers")


@dataclass(frozen=True)
class Drawing:
    title: str
    chart: Chart
    names: list[tuple[str, str]]  # class and name of each line, for the legend


@dataclass(frozen=True)
class Bin:
    """A group of decisions of about the same confidence, in percent of the drawing, with the interval of the share that was right."""

    x: float
    y: float
    low: float
    high: float
    text: str


@dataclass(frozen=True)
class World:
    name: str
    result: dict[str, Any]
    drawings: list[Drawing]
    bins: list[Bin]
    table: list[tuple[str, list[str]]]
    facts: list[tuple[str, str]]

    @property
    def is_default(self) -> bool:
        return self.name == "default"


def render(worlds: dict[str, dict[str, Any]], command: str) -> str:
    """`worlds`: results by the name of their channels, as `Run.result` gives them."""
    shown = [_world(name, result) for name, result in worlds.items()]
    context = {"worlds": shown, "first": shown[0].result, "command": command, "styles": _styles()}
    return render_to_string("assistant/backtest.html", context).lstrip()


def _world(name: str, result: dict[str, Any]) -> World:
    final = result["final"]
    learned = ("learned", [number(final[key]) for key in ("top1", "coverage", "precision", "resolved")])
    others = [
        (each, [number(row.get(key)) for key in ("top1", "coverage", "precision", "resolved")])
        for each, row in baseline_rows(result["baselines"])
    ]
    drawings = [_drawing(title, result["windows"], lines) for title, lines in zip(TITLES, LINES, strict=True)]
    return World(name, result, drawings, [_bin(each) for each in result["reliability"]], [learned, *others], facts(result))


def _drawing(title: str, windows: list[dict[str, Any]], lines: list[tuple[str, str, str]]) -> Drawing:
    known = [line for line in lines if any(each[line[2]] is not None for each in windows)]
    on, marks = charts.scale(0.0, float(windows[-1]["to"]), [each[key] for each in windows for _, _, key in known if each[key] is not None])
    ends = [float(each["to"]) for each in windows]
    curves = [charts.curve(on, css, name, ends, *_line(windows, key)) for css, name, key in known]
    chart = Chart(charts.spread_out(curves), charts.rows(on, marks, "%"), _places(on))
    return Drawing(title, chart, [(css, name) for css, name, _ in known])


def _line(windows: list[dict[str, Any]], key: str) -> tuple[tuple[Floats, Floats, Floats], Any, str]:
    """The shares of the windows with their Wilson intervals, where there are any, and the last in words."""
    drawn = np.array([each[key] is not None for each in windows], bool)
    of = np.array([_counted(each, key) for each in windows], np.float64)
    share = wilson(np.array([each[key] or 0.0 for each in windows]) * of, of)
    return (share.value, share.low, share.high), drawn, charts.percent(float(share.value[np.flatnonzero(drawn)[-1]]))


def _counted(window: dict[str, Any], key: str) -> float:
    """What the share is of: precision of what was answered, the others of all."""
    size = window["to"] - window["from"]
    return float(size * (window["answered"] if key == "precision" else 1.0))


def _places(on: Scale[float]) -> list[Tick]:
    found = np.linspace(0, on.last, 5)
    anchors = {0: "start", 4: "end"}
    return [Tick(on.across(float(place)), f"{place:,.0f}", anchors.get(at, "middle"), at % 2 == 1) for at, place in enumerate(found)]


def _bin(group: dict[str, Any]) -> Bin:
    share = wilson(np.array([group["right"] * group["n"]]), np.array([float(group["n"])]))
    y, low, high = (round(100 - 100 * float(value), 2) for value in (group["right"], share.low[0], share.high[0]))
    text = f"sure {group['confidence']:.3f}, right {group['right']:.3f}, of {group['n']:,}"
    return Bin(round(100 * group["confidence"], 2), y, low, high, text)


def _styles() -> SafeString:
    """The product's own, without the fonts, which are files."""
    folder = Path(settings.BASE_DIR) / "static" / "css"
    return mark_safe(_FONT.sub("", "\n".join((folder / name).read_text() for name in STYLES)))  # noqa: S308
