"""`make bench-profile`: where the computing of a list and of a send goes, sampled by perf over all
processes of the server while wrk loads it. Needs the right to sample (root, as a rule)."""

import collections
import re
import subprocess
import sys

import rows_http
import stores
import table
import wrk
from server import ROOT
from sites import Site

MARKS = table.Marks("<!-- made by `make bench-profile` -->", "<!-- profile end -->")
HEAD = "| component | a list | a send |\n|---|---:|---:|\n"
SECONDS = 5

# The first that fits any frame of a stack says what the sample was for; frames are written
# "function (object)".
COMPONENTS = [
    ("the log's line", r"^(log_request|cc_log_write) "),
    ("session check, its reads included", r"^(cc_people_authenticate|cc_identity_authenticate) "),
    ("syncing the disk (the kernel's part)", r"^\w*(do_fsync|vfs_fsync|sys_fdatasync)\w* "),
    ("SQLite: pages, B-tree, its files", r"libsqlite3"),
    ("JSON of the request", r"^(cc_decode\w*|cc_fields_decode\w*|cc_body_\w+) "),
    ("JSON of the rows", r"^(cc_fields_load|cc_fields_save|cc_row_\w+|cc_message_load) "),
    ("the answer: view and JSON", r"^(cc_view_\w+|cc_jw_\w+|cc_reply_\w+|cc_page_cache_\w+) "),
    ("threads that wake each other", r"^(\w*futex\w*|_*pthread_[\w@.]+) "),
    ("rules: rooms, members, keys", r"^(cc_message_\w+|cc_room_\w+|send_in|list_in|cc_key_\w+) "),
    ("FastCGI, sockets, routing, all else", r"."),
]
WEB_SERVER = "lighttpd"


def record(pids, path):
    subprocess.run(["perf", "record", "-q", "-F", "997", "-g", "--call-graph", "dwarf,8192",
                    "-e", "cpu-clock", "-p", ",".join(map(str, pids)), "-o", path, "--",
                    "sleep", str(SECONDS)], check=True, stdout=subprocess.DEVNULL)


def stacks(path):
    """(program, frames) of each sample, innermost first."""
    out = subprocess.run(["perf", "script", "-i", path, "--no-inline", "-F", "comm,ip,sym,dso"],
                         check=True, capture_output=True, text=True, errors="replace").stdout
    for sample in out.split("\n\n"):
        program, *frames = sample.strip().split("\n")
        if program:
            yield program.strip(), [re.sub(r"^\s*[0-9a-f]+ ", "", frame) for frame in frames]


def component(program, frames):
    if program == WEB_SERVER:
        return WEB_SERVER
    return next(name for name, pattern in COMPONENTS
                if any(re.search(pattern, frame) for frame in frames) or pattern == ".")


def shares(case):
    """The share of each component in percent."""
    store = stores.copy(rows_http.seeded(), "product")
    path = str(stores.HOME / "run" / "perf.data")
    with Site(store.data) as site:
        load = case(site, store).load
        wrk.run(site.url, load, 1)
        loading = wrk.start(site.url, rows_http.again(load), SECONDS + 2)
        record([*site.workers("chat"), site.web_server()], path)
        wrk.finish(loading)
    found = collections.Counter(component(*stack) for stack in stacks(path))
    return collections.Counter({name: 100 * n / found.total() for name, n in found.items()})


def markdown(a_list, a_send):
    names = [WEB_SERVER, *(name for name, _ in COMPONENTS)]
    names.sort(key=lambda name: -max(a_list[name], a_send[name]))
    return HEAD + "".join(f"| {name} | {a_list[name]:.0f} % | {a_send[name]:.0f} % |\n"
                          for name in names)


def main(arguments):
    text = markdown(shares(rows_http.messages), shares(rows_http.send))
    print(text, end="")
    if "--readme" in arguments:
        readme = ROOT / "README.md"
        readme.write_text(table.replace(readme.read_text(), "\n" + text, MARKS))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
