"""`bin/demo --smoke`: the story, played against live processes; one line a step with its time."""

from __future__ import annotations


def play() -> int:
    """Not there yet."""
    return 1
