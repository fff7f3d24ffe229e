"""CPU time of this process and of everything it started, from /proc."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(root: int | None = None) -> float:
    """User and system time of a process (ours by default) and all below it, the ended ones
    that were waited for included."""
    root = root or os.getpid()
    parents, used = _processes()
    children: dict[int, list[int]] = defaultdict(list)
    for pid, parent in parents.items():
        children[parent].append(pid)
    total, waiting = 0, [root]
    while waiting:
        pid = waiting.pop()
        total += used.get(pid, 0)
        waiting += children[pid]
    return total / _TICKS


def by_program(root: int | None = None) -> dict[str, float]:
    """The same, shared out over our direct children by what they run; `self` is ourselves."""
    root = root or os.getpid()
    parents, used = _processes()
    shares = {"self": used.get(root, 0) / _TICKS}
    for pid, parent in parents.items():
        if parent == root:
            name = _name(pid)
            shares[name] = shares.get(name, 0.0) + cpu_seconds(pid)
    return shares


def _name(pid: int) -> str:
    """What a process runs, in a word or two."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except OSError:
        return "ended"
    chosen = [word for word in words[1:] if word and not word.startswith("-")]
    return " ".join(chosen[1:4] if chosen[:1] == ["waya"] else chosen[:1]) or words[0]


def _processes() -> tuple[dict[int, int], dict[int, int]]:
    """Each process's parent, and its ticks."""
    parents: dict[int, int] = {}
    used: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        parents[int(entry.name)] = int(words[1])
        used[int(entry.name)] = sum(int(word) for word in words[11:15])
    return parents, used
