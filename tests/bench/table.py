"""What was measured, and the table that README shows."""

import statistics
from dataclasses import dataclass

BEGIN = "<!-- made by `make bench-readme`; `make test` compares its form -->"
END = "<!-- bench end -->"
HEAD = ("| what | bound | minimum | median | maximum | |\n"
        "|---|---|---:|---:|---:|---|\n")


@dataclass
class Line:
    """One line of the table: `values` of all rounds against a bound that the median keeps or not.
    Without a unit they are ratios. The note says what the last round was in absolute terms."""
    what: str
    values: list
    at_least: float | None = None
    at_most: float | None = None
    unit: str = ""
    note: str = ""

    @property
    def median(self):
        return statistics.median(self.values)

    @property
    def is_kept(self):
        return ((self.at_least is None or self.median >= self.at_least)
                and (self.at_most is None or self.median <= self.at_most))

    def bound(self):
        bounds = [f"{sign} {number(limit)}{self.unit}" for sign, limit in
                  (("≥", self.at_least), ("≤", self.at_most)) if limit is not None]
        return " and ".join(bounds)

    def verdict(self):
        if self.at_least is None and self.at_most is None:
            return ""
        return "kept" if self.is_kept else "**missed**"

    def row(self):
        figures = (min(self.values), self.median, max(self.values))
        cells = [self.what, self.bound(), *(figure(f) + self.unit for f in figures), self.verdict()]
        return f"| {' | '.join(cells)} |\n"


def number(limit):
    return f"{limit:g}"


def figure(value):
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def markdown(lines, machine):
    return machine + "\n\n" + HEAD + "".join(line.row() for line in lines)


def replace(readme, text):
    """README with `text` between its markers."""
    before, rest = readme.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    return f"{before}{BEGIN}\n{text}{END}{after}"
