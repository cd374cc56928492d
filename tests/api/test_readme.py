"""README's walk through the main job, pasted into a shell as a stranger would; and its table."""

import os
import re
import shutil
import subprocess

import pytest
from server import CLOUDCHAT, ROOT

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


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_walk_works_as_it_stands(make_server):
    server = make_server(quick=False, codes__sender="outbox")
    script = at(server, "echo ---\n".join(walk()))
    done = subprocess.run(["bash", "-eu", "-c", script], capture_output=True, text=True,
                          timeout=60, cwd=server.data.parent, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 0, done.stdout + done.stderr
    assert "about:blank" not in done.stdout, "one of the answers is a problem"
    assert done.stderr == ""
    [sent] = re.findall(r'"data":\{"text":("[^"]*")\}', done.stdout.split("---")[-2])
    assert sent in done.stdout.split("---")[-1], "what was sent is not what is read at the end"


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
