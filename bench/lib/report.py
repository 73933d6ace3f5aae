"""Figures for people: medians, ratios of pairs, tables, goals."""
from __future__ import annotations

import statistics
from collections.abc import Sequence

median = statistics.median


def paired(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios, taken round by round: a machine whose speed drifts from one round
    to the next does not decide."""
    return median([a / b for a, b in zip(ours, theirs, strict=True)])


class Table:
    """A table in Markdown, aligned so that it can be read as it stands."""

    def __init__(self, *columns: str) -> None:
        self._rows: list[Sequence[str]] = [columns]

    def row(self, *cells: str) -> None:
        self._rows.append(cells)

    def show(self) -> None:
        if len(self._rows) == 1:
            return
        widths = [max(len(cell) for cell in column) for column in zip(*self._rows, strict=True)]
        print()
        for i, cells in enumerate(self._rows):
            print("| " + " | ".join(c.ljust(w) for c, w in zip(cells, widths)) + " |")
            if i == 0:
                print("|" + "|".join("-" * (w + 2) for w in widths) + "|")
        print()


def title(text: str) -> None:
    print(f"\n{text}", flush=True)


def at_most(what: str, value: float, most: float, unit: str = "x", digits: int = 2) -> None:
    _goal(what, value, f"<= {most:g} {unit}", unit, digits, value <= most)


def at_least(what: str, value: float, least: float, unit: str = "x", digits: int = 2) -> None:
    _goal(what, value, f">= {least:g} {unit}", unit, digits, value >= least)


def _goal(what: str, value: float, goal: str, unit: str, digits: int, met: bool) -> None:
    print(f"- {what}: {value:.{digits}f} {unit}; goal {goal}: {'ok' if met else 'MISSED'}",
          flush=True)


def skipped(what: str, why: object) -> None:
    print(f"SKIP {what}: {why}", flush=True)
