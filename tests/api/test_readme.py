"""README's walk through the main job, pasted into a shell as a stranger would; and its tables."""

import os
import re
import shutil
import subprocess

import bench
import bench_aws
import pytest
import table
from server import CLOUDCHAT, ROOT, needs_local, needs_sqlite

def section(heading):
    return (ROOT / "README.md").read_text().split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]


def walk():
    """The shell blocks of that section, in order."""
    return re.findall(r"^```sh\n(.*?)^```", section("The main job with curl"), re.M | re.S)


def at(server, script):
    """The same, on this server: the first lines say where it is."""
    for name, value in (("URL", server.url), ("OUTBOX", server.data / "outbox.jsonl")):
        script, count = re.subn(rf"^{name}=.*$", f"{name}='{value}'", script, flags=re.M)
        assert count == 1, name
    return script


@needs_local("it looks for its codes in the outbox")
@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_walk_works_as_it_stands(make_server):
    server = make_server(quick=False, codes__sms="outbox", codes__email="outbox")
    script = at(server, "echo ---\n".join(walk()))
    done = subprocess.run(["bash", "-eu", "-c", script], capture_output=True, text=True,
                          timeout=60, cwd=server.data.parent, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "about:blank" not in done.stdout, "one of the answers is a problem"
    assert done.stderr == ""
    [sent] = re.findall(r'"data":\{"text":("[^"]*")\}', done.stdout.split("---")[-2])
    assert sent in done.stdout.split("---")[-1], "what was sent is not what is read at the end"


@needs_sqlite("a table is backed up by DynamoDB itself")
def test_backing_up_and_restoring_works_as_it_stands(make_server, tmp_path):
    server = make_server()
    told = section("Back up and restore")
    [block] = re.findall(r"^```sh\n(.*?)^```", told, re.M | re.S)
    [cron] = re.findall(r"^15 3 \* \* \*  (.*)$", told, re.M)
    # in a crontab '%' stands for a new line
    lines = [*block.strip().split("\n"), *[cron.replace("\\%", "%")] * 2]
    for line, at in zip(lines, ("up", "down", "down", "down"), strict=True):
        if at == "down":
            server.stop()
        command = line.replace("/srv/chat", str(server.data)).replace("/backups", str(tmp_path))
        done = subprocess.run(["bash", "-euc", command], capture_output=True, text=True,
                              timeout=60, env={"PATH": f"{CLOUDCHAT.parent}:{os.environ['PATH']}"})
        assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(tmp_path.glob("???"))) == 1, "no backup of today"


def test_the_table_of_keys_is_the_one_that_the_program_prints():
    printed = subprocess.run([CLOUDCHAT, "config", "--markdown"], capture_output=True, text=True,
                             timeout=60, check=True).stdout
    begin, end = "<!-- made by `cloudchat config --markdown`", "<!-- configuration end -->"
    told = (ROOT / "README.md").read_text().split(begin, 1)[1].split("\n", 1)[1].split(end, 1)[0]
    assert told == printed


def measurements(readme, marks):
    """The lines of a table of measurements, and what stands above it."""
    about, rows = table.between(readme, marks).strip().split(table.HEAD, 1)
    return about, rows.splitlines(keepends=True)


def figures_of(line, row):
    """Its three figures, as if they were all that was measured."""
    cells = row.strip("| \n").split(" | ")
    return table.Figures([float(cell.removesuffix(line.unit)) for cell in cells[2:5]])


@pytest.mark.parametrize("made", (bench.BENCH, bench_aws.BENCH), ids=("bench", "bench-aws"))
def test_the_measurements_are_those_that_make_bench_makes(made):
    about, rows = measurements((ROOT / "README.md").read_text(), made.marks)
    lines = [line for row in made.rows.values() for line in row.lines]
    assert re.match(r"Cloud Chat \S+, measured \d{4}-\d\d-\d\d on \d+ cores", about)
    for line, row in zip(lines, rows, strict=True):
        assert row.strip() == table.row(line, figures_of(line, row)).strip()


@pytest.mark.parametrize("median, verdict", [(1.5, "kept"), (1.495, "kept"), (1.49, "**missed**")])
def test_it_is_the_median_that_keeps_a_bound_as_it_is_shown(median, verdict):
    line = table.Line("sends", at_least=1.5)
    row = table.row(line, table.Figures([0.1, median, 9]))
    assert row == f"| sends | ≥ 1.5 | 0.10 | {median:.2f} | 9.00 | {verdict} |\n"


def test_the_rest_of_readme_stays_as_it_is():
    readme = f"before\n{table.MARKS.begin}\nold\n{table.MARKS.end}\nafter\n"
    assert table.replace(readme, "new\n") == readme.replace("old", "new")
