"""What a measure tells: a table that reads the same on a terminal, in Markdown and as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.turns import Samples

Cell = str | int | float | None

_SCALES = {"s": 1.0, "ms": 1e3, "us": 1e6}


@dataclass
class Table:
    """:param note: what was done, and what is aimed at."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def add(self, *cells: Cell) -> None:
        """Add a row."""
        self.rows.append(cells)

    def widen(self, column: str, cells: Sequence[Cell]) -> None:
        """Add a column."""
        self.columns = (*self.columns, column)
        self.rows = [(*row, cell) for row, cell in zip(self.rows, cells, strict=True)]

    def markdown(self) -> str:
        """:returns: the table between its title and its remarks."""
        lines = [self.columns, *(tuple(map(_text, row)) for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        head, *body = (_drawn(line, widths) for line in lines)
        rule = ["-" * widths[0], *(f"{'-' * (width - 1)}:" for width in widths[1:])]
        drawn = "\n".join([head, _drawn(rule, widths), *body])
        return "\n\n".join([f"### {self.title}", self.note, drawn, *self.remarks])


def spread(title: str, note: str, unit: str, samples: Samples, reference: str) -> Table:
    """:param samples: seconds; they are told in *unit*: ``s``, ``ms`` or ``us``.
    :param reference: whose median the others are told as a share of.
    :returns: median, quartiles and share of each.
    """
    table = Table(title, note, ("", f"median, {unit}", "quartiles", f"of {reference}"))
    limit = statistics.median(samples[reference])
    for name, values in samples.items():
        median, quartiles = _spread([value * _SCALES[unit] for value in values])
        table.add(name, median, quartiles, statistics.median(values) / limit)
    return table


def pairs(
    title: str,
    note: str,
    unit: str,
    samples: Samples,
    references: Mapping[str, tuple[str, float | None]],
) -> Table:
    """Compare each sample with the reference's of the same turn.

    :param samples: seconds, of all in the same order of turns.
    :param references: of some, whom they are compared with, and the ratio that is aimed at.
    :returns: median and quartiles of each, and of its ratio to its reference.
    """
    table = Table(
        title, note, ("", f"median, {unit}", "quartiles", "compared with", "ratio", "aim")
    )
    for name, values in samples.items():
        median, quartiles = _spread([value * _SCALES[unit] for value in values])
        reference, aim = references.get(name, (None, None))
        ratio = None
        if reference is not None:
            both = zip(values, samples[reference], strict=True)
            ratio = "{} ({})".format(*_spread([ours / theirs for ours, theirs in both]))
        table.add(name, median, quartiles, reference, ratio, aim)
    return table


def _spread(values: Sequence[float]) -> tuple[str, str]:
    """:returns: the median, and the quartiles."""
    low, median, high = statistics.quantiles(values, n=4)
    return _text(median), f"{_text(low)} to {_text(high)}"


def percentile(values: Sequence[float], share: float) -> float:
    """:returns: what so many percent of the values do not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share / 100))]


def _drawn(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    drawn = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return f"| {' | '.join(drawn)} |"


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.{3 if cell < 2 else 2 if cell < 10 else 1 if cell < 1000 else 0}f}"
    return str(cell)
