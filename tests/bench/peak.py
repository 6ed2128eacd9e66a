"""How much memory this process has needed at most."""

from pathlib import Path


def peak_memory() -> int:
    """Resident bytes at their highest since this program was started, without what its parent had needed.

    `ru_maxrss` survives the exec, so a small child of a large process would seem as large.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("Linux alone tells how much memory a process has needed.")
