"""How a process that works with several threads shares itself among them, and when it tidies up."""

from __future__ import annotations

import gc
import sys

# A thread back from the database waits this long for one that computes, once for each of its
# statements. Python's own 5 ms made a payment of a hundred statements take twice its time.
_SWITCH_SECONDS = 0.0005
_GARBAGE = 20_000  # objects; Python's own 700 are fewer than one payment makes


def keep_pace() -> None:
    """Called once all is imported. That stays: looking through it for garbage, again and
    again, finds none and holds up every thread for some 50 ms."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE)
