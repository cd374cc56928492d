"""What was measured, and the table that README shows."""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Marks:
    """Between which lines of README a table stands."""
    begin: str
    end: str


MARKS = Marks("<!-- made by `make bench-readme`; `make test` compares its form -->",
              "<!-- bench end -->")
HEAD = ("| what | bound | minimum | median | maximum | |\n"
        "|---|---|---:|---:|---:|---|\n")


@dataclass(frozen=True)
class Line:
    """What one line of the table is about, and the bound that the median of its rounds keeps or
    not. Without a unit the figures are ratios."""
    what: str
    at_least: float | None = None
    at_most: float | None = None
    unit: str = ""

    def bound(self):
        bounds = [f"{sign} {limit:g}{self.unit}" for sign, limit in
                  (("≥", self.at_least), ("≤", self.at_most)) if limit is not None]
        return " and ".join(bounds)

    def verdict(self, median):
        if self.at_least is None and self.at_most is None:
            return ""
        kept = ((self.at_least is None or median >= self.at_least)
                and (self.at_most is None or median <= self.at_most))
        return "kept" if kept else "**missed**"


@dataclass
class Figures:
    """What came out for a line: a value of each round. The note says what the last round was in
    absolute terms, for who watches."""
    values: list
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One thing to measure. measure(options) gives Figures for each of the lines."""
    lines: tuple
    measure: object


def row(line, figures):
    median = statistics.median(figures.values)
    shown = (min(figures.values), median, max(figures.values))
    cells = [line.what, line.bound(), *(number(value) + line.unit for value in shown),
             line.verdict(float(number(median)))]
    return f"| {' | '.join(cells)} |\n"


def number(value):
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def markdown(measured, machine):
    """measured: pairs of a line and its figures."""
    return machine + "\n\n" + HEAD + "".join(row(line, figures) for line, figures in measured)


def between(readme, marks):
    return readme.split(marks.begin, 1)[1].split(marks.end, 1)[0]


def replace(readme, text, marks=MARKS):
    """README with `text` between the marks."""
    before, rest = readme.split(marks.begin, 1)
    _, after = rest.split(marks.end, 1)
    return f"{before}{marks.begin}\n{text}{marks.end}{after}"
