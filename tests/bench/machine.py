"""On what was measured."""

import os
import re
import statistics
import subprocess
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

SYNCS = 200


def fdatasync_ms(folder):
    """Median time to append 4 KiB and have them on the disk that holds `folder`."""
    took = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(SYNCS):
            os.write(file.fileno(), b"x" * 4096)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000


def cpu_model():
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    return found.group(1).strip() if found else os.uname().machine


def package_version(name):
    out = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], capture_output=True,
                         text=True, check=False)
    return out.stdout or "?"


def debian():
    try:
        return "Debian " + Path("/etc/debian_version").read_text().strip()
    except FileNotFoundError:
        return os.uname().sysname


def describe(folder, version, options):
    packages = (("lighttpd", "lighttpd"), ("libfcgi", "libfcgi0ldbl"), ("SQLite", "libsqlite3-0"),
                ("wrk", "wrk"))
    return (f"{subject(version, packages)}; 4 KiB are on the disk after "
            f"{fdatasync_ms(folder):.2f} ms. {rounds(options)}")


def describe_aws(folder, version, options):
    packages = (("lighttpd", "lighttpd"), ("libcurl", "libcurl4"), ("OpenSSL", "libssl3"),
                ("wrk", "wrk"))
    return f"{subject(version, packages)}; dynoxide 3.2.0, toxiproxy 2.5.0. {rounds(options)}"


def subject(version, packages):
    versions = ", ".join(f"{label} {package_version(name)}" for label, name in packages)
    date = datetime.now(timezone.utc).strftime("%Y-%m-%d")
    return (f"Cloud Chat {version}, measured {date} on {os.cpu_count()} cores ({cpu_model()}), "
            f"{debian()}, Linux {os.uname().release}; {versions}")


def rounds(options):
    return f"{options.rounds} rounds of {options.seconds} s."
