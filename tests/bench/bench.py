"""`make bench`: measures the product and prints a table. Needs the staged installation and the
programs of this folder (`make bench` makes them), and a machine that does nothing else."""

import argparse
import subprocess
import sys
import time

import machine
import rows_cgi
import rows_growth
import rows_http
import rows_memory
import rows_waits
import stores
import table
from server import CLOUDCHAT, ROOT

ROWS = {
    "messages": rows_http.row_messages,
    "rooms": rows_http.row_rooms,
    "changes": rows_http.row_changes,
    "send": rows_http.row_send,
    "group": rows_waits.row_group,
    "sign-in": rows_waits.row_sign_in,
    "memory": rows_memory.row_memory,
    "cgi": rows_cgi.row_cgi,
    "room-growth": rows_growth.row_room,
    "store-growth": rows_growth.row_store,
}


def parse(arguments):
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--rows", default="", help=f"some of: {' '.join(ROWS)}")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    parser.add_argument("--readme", action="store_true", help="put the table into README.md")
    options = parser.parse_args(arguments)
    options.rows = options.rows.split() or list(ROWS)
    unknown = [name for name in options.rows if name not in ROWS]
    if unknown:
        parser.error(f"no row {unknown[0]!r}: there are {' '.join(ROWS)}")
    if options.readme and options.rows != list(ROWS):
        parser.error("README has all the rows or none")
    return options


def measure(name, options):
    began = time.monotonic()
    print(f"{name} ...", file=sys.stderr, flush=True)
    lines = ROWS[name](options)
    print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    for line in lines:
        print(f"  {line.row().strip()} {line.note}", file=sys.stderr, flush=True)
    return lines


def version():
    said = subprocess.run([CLOUDCHAT, "--version"], capture_output=True, text=True, check=True)
    return said.stdout.split()[-1]


def main(arguments):
    options = parse(arguments)
    stores.HOME.mkdir(parents=True, exist_ok=True)
    lines = [line for name in options.rows for line in measure(name, options)]
    text = table.markdown(lines, machine.describe(stores.HOME, version(), options))
    print(text, end="")
    if options.readme:
        readme = ROOT / "README.md"
        readme.write_text(table.replace(readme.read_text(), text))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
