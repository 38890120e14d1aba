"""A run, as a table and a chart in the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

CHART_ROWS = 12
MARKS = {"oracle_top1": ("·", "dim"), "frozen_top1": ("o", "yellow"), "answered": ("-", "cyan"), "top1": ("●", "bold green")}
NAMES = {"top1": "learned, first choice right", "frozen_top1": "frozen day one", "oracle_top1": "told every truth", "answered": "coverage"}


def show(console: Console, result: dict[str, Any], world: str) -> None:
    console.print(f"\n[bold]{result['corpus']}[/bold]: {result['n']:,} tickets, seed {result['seed']}, {world} world")
    console.print(_windows(result["windows"]))
    console.print(_chart(result["windows"]))
    console.print(_final(result))


def _windows(windows: list[dict[str, Any]]) -> Table:
    table = Table(title="Decided first, learned from after", title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in ("tickets", "top1", "answered", "precision", "resolved", "frozen top1", "frozen resolved", "told top1", "ece"):
        table.add_column(name, justify="right")
    for each in windows:
        figures = ("top1", "answered", "precision", "resolved", "frozen_top1", "frozen_resolved", "oracle_top1", "ece")
        table.add_row(f"{each['from']:,}-{each['to']:,}", *(number(each[name]) for name in figures))
    return table


def _chart(windows: list[dict[str, Any]]) -> str:
    """Share of tickets (up) by time (right). Later marks cover earlier ones."""
    grid = [[" "] * (len(windows) * 6) for _ in range(CHART_ROWS + 1)]
    for name, (mark, style) in MARKS.items():
        for column, each in enumerate(windows):
            if each[name] is not None:
                row = CHART_ROWS - round(each[name] * CHART_ROWS)
                for offset in range(5 if mark == "-" else 3):
                    grid[row][column * 6 + offset] = f"[{style}]{mark}[/]"
    lines = [f"{1 - place / CHART_ROWS:4.2f} |" + "".join(cells) for place, cells in enumerate(grid)]
    legend = "   ".join(f"[{style}]{mark}[/] {NAMES[name]}" for name, (mark, style) in reversed(MARKS.items()))
    return "\n" + "\n".join(lines) + "\n     +" + "-" * (len(windows) * 6) + "\n      " + legend + "\n"


def _final(result: dict[str, Any]) -> Table:
    final = result["final"]
    table = Table(title="The last third", title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in ("", "top1", "coverage", "precision", "resolved"):
        table.add_column(name, justify="left" if not name else "right")
    table.add_row("learned", *(number(final[name]) for name in ("top1", "coverage", "precision", "resolved")))
    for name, figures in baseline_rows(result["baselines"]):
        table.add_row(name, *(number(figures.get(key)) for key in ("top1", "coverage", "precision", "resolved")))
    table.add_section()
    for name, figure in facts(result):
        table.add_row(name, figure)
    return table


def facts(result: dict[str, Any]) -> list[tuple[str, str]]:
    """What is told beside the table of the last third."""
    final, latency, missing = result["final"], result["latency_ms"], result["unanswerable"]
    found = [
        ("share of full supervision", number(final["share_of_supervised"])),
        ("resolved more than frozen, always answering", _percent(final["lift"])),
        ("calibration error", number(final["ece"])),
        ("audits", str(final["audits"])),
        ("answer ms, p50 / p95", f"{latency['answer_p50']} / {latency['answer_p95']}"),
        ("update ms, p50 / p99", f"{latency['update_p50']} / {latency['update_p99']}"),
    ]
    if hidden := result.get("hidden"):
        found.append(("topics without an article, first choice right", number(hidden["top1"])))
        found.append(("learned answers a topic", number(hidden["learned_per_topic"])))
    if hostile := result.get("hostile"):
        found.append(("asked by the honest, first choice right", number(hostile["top1"])))
        found.append(("planted texts served", str(hostile["served"])))
    if missing["auroc"] is not None:
        found.append(("unanswerable, AUROC", f"{missing['auroc']} {missing['interval']}, n = {missing['n']}"))
    return found + _staleness(result["staleness"])


def _staleness(told: dict[str, Any]) -> list[tuple[str, str]]:
    found = []
    if told:
        found.append(("suspected without cause", f"{told['false_suspicions']} in {told['source_months']:,} months of a source"))
    if "changed" in told:
        found.append(("changed sources, suspected of them", f"{told['changed']}, {told['suspected']}"))
        found.append(("wrong answers before that, median / p90", f"{told['wrong_median']:g} / {told['wrong_p90']:g}"))
        found.append(("first choice right, before / after", f"{number(told['top1_before'])} / {number(told['top1_after'])}"))
        found.append(("calibration error after", number(told["ece_after"])))
    return found


def baseline_rows(baselines: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """What it is compared with, by name."""
    frozen = baselines["frozen"]
    others = [(name.replace("_", " "), baselines[name]) for name in ("bm25", "llamaindex_vector", "supervised") if baselines.get(name)]
    return [("frozen, at its threshold", frozen["own_threshold"]), ("frozen, always answering", frozen["always_answering"]), *others]


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:+.1%}"
