"""Who has used the processors: we, or others."""

import os
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def busy_s():
    """Of all processors since the machine began, what a hypervisor took away included."""
    user, nice, system, _, _, *rest = Path("/proc/stat").read_text().split("\n")[0].split()[1:]
    interrupts_and_stolen = rest[:3]
    return sum(map(int, (user, nice, system, *interrupts_and_stolen))) / TICKS


def used_s(pid):
    """Of a process and what it has started, those that have ended and were waited for included."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0  # it has just ended
    return sum(map(int, fields[11:15])) / TICKS + sum(map(used_s, below))


class Watch:
    """Looks from its making on."""

    def __init__(self):
        self.before = time.monotonic(), busy_s(), used_s(os.getpid())

    def others(self):
        """The share of all processors that went to processes which we have not started."""
        began, busy, used = self.before
        took = (time.monotonic() - began) * os.cpu_count()
        return max(0, busy_s() - busy - (used_s(os.getpid()) - used)) / took
