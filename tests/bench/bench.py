"""`make bench`: measures the product and prints a table. Needs the staged installation and the
programs of this folder (`make bench` makes them), and a machine that does nothing else."""

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass

import machine
import rows_cgi
import rows_growth
import rows_http
import rows_memory
import rows_waits
import stores
import table
from server import CLOUDCHAT, ROOT


@dataclass(frozen=True)
class Bench:
    """Rows in the order of their table, what says on what they were measured, and where in README
    the table stands."""
    rows: dict
    describe: object
    marks: table.Marks


ROWS = {**rows_http.ROWS, **rows_waits.ROWS, **rows_memory.ROWS, **rows_cgi.ROWS,
        **rows_growth.ROWS}
BENCH = Bench(ROWS, machine.describe, table.MARKS)


def parse(arguments, rows):
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--rows", default="", help=f"some of: {' '.join(rows)}")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--seconds", type=int, default=3, help="of each measurement")
    parser.add_argument("--readme", action="store_true", help="put the table into README.md")
    options = parser.parse_args(arguments)
    options.rows = options.rows.split() or list(rows)
    unknown = [name for name in options.rows if name not in rows]
    if unknown:
        parser.error(f"no row {unknown[0]!r}: there are {' '.join(rows)}")
    if options.readme and options.rows != list(rows):
        parser.error("README has all the rows or none")
    return options


def measure(name, row, options):
    """Pairs of a line and its figures."""
    began = time.monotonic()
    print(f"{name} ...", file=sys.stderr, flush=True)
    measured = list(zip(row.lines, row.measure(options), strict=True))
    print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    for line, figures in measured:
        print(f"  {table.row(line, figures).strip()} {figures.note}", file=sys.stderr, flush=True)
    return measured


def version():
    said = subprocess.run([CLOUDCHAT, "--version"], capture_output=True, text=True, check=True)
    return said.stdout.split()[-1]


def main(arguments, bench):
    options = parse(arguments, bench.rows)
    stores.HOME.mkdir(parents=True, exist_ok=True)
    measured = [pair for name in options.rows for pair in measure(name, bench.rows[name], options)]
    text = table.markdown(measured, bench.describe(stores.HOME, version(), options))
    print(text, end="")
    if options.readme:
        readme = ROOT / "README.md"
        readme.write_text(table.replace(readme.read_text(), text, bench.marks))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], BENCH))
