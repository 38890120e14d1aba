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
    final, baselines = result["final"], result["baselines"]
    table = Table(title="The last third", title_justify="left", box=None, pad_edge=False, header_style="bold")
    for name in ("", "top1", "coverage", "precision", "resolved"):
        table.add_column(name, justify="left" if not name else "right")
    table.add_row("learned", *(number(final[name]) for name in ("top1", "coverage", "precision", "resolved")))
    for name, figures in _baseline_rows(baselines):
        table.add_row(name, *(number(figures.get(key)) for key in ("top1", "coverage", "precision", "resolved")))
    table.add_section()
    latency = result["latency_ms"]
    table.add_row("share of full supervision", number(final["share_of_supervised"]))
    table.add_row("resolved more than frozen, always answering", _percent(final["lift"]))
    table.add_row("calibration error", number(final["ece"]))
    table.add_row("audits", str(final["audits"]))
    table.add_row("answer ms, p50 / p95", f"{latency['answer_p50']} / {latency['answer_p95']}")
    table.add_row("update ms, p50 / p99", f"{latency['update_p50']} / {latency['update_p99']}")
    if "hidden" in result:
        hidden = result["hidden"]
        table.add_row("topics without an article, first choice right", number(hidden["top1"]))
        table.add_row("learned answers a topic", number(hidden["learned_per_topic"]))
    if "hostile" in result:
        table.add_row("asked by the honest, first choice right", number(result["hostile"]["top1"]))
        table.add_row("planted texts served", str(result["hostile"]["served"]))
    missing = result["unanswerable"]
    if missing["auroc"] is not None:
        table.add_row("unanswerable, AUROC", f"{missing['auroc']} {missing['interval']}, n = {missing['n']}")
    _staleness(table, result["staleness"])
    return table


def _staleness(table: Table, found: dict[str, Any]) -> None:
    if found:
        table.add_row("suspected without cause", f"{found['false_suspicions']} in {found['source_months']:,} months of a source")
    if "changed" in found:
        table.add_row("changed sources, suspected of them", f"{found['changed']}, {found['suspected']}")
        table.add_row("wrong answers before that, median / p90", f"{found['wrong_median']:g} / {found['wrong_p90']:g}")
        table.add_row("first choice right, before / after", f"{number(found['top1_before'])} / {number(found['top1_after'])}")
        table.add_row("calibration error after", number(found["ece_after"]))


def _baseline_rows(baselines: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    frozen = baselines["frozen"]
    others = [(name.replace("_", " "), baselines[name]) for name in ("bm25", "llamaindex_vector", "supervised") if baselines.get(name)]
    return [("frozen, at its threshold", frozen["own_threshold"]), ("frozen, always answering", frozen["always_answering"]), *others]


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:+.1%}"
