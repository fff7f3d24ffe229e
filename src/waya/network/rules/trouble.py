"""When to try a router again that did not do as asked."""

from __future__ import annotations

from enum import StrEnum


class Trouble(StrEnum):
    """Why a router is not as it should be, in a word for its page."""

    UNREACHABLE = "unreachable"
    WRONG_PASSWORD = "wrong_password"
    REFUSED = "refused"  # it answers, and will not let us look
    DIFFERS = "differs"  # it takes what we say, and then holds something else


FIRST_SECONDS = 2
LONGEST_SECONDS = 60
LONGEST_OWED_SECONDS = 5
WRONG_PASSWORD_SECONDS = 300


def wait_seconds(trouble: Trouble, failures: int, *, owed: bool, chance: float) -> float:
    """How long to leave a router alone after its `failures`-th failure in a row.

    Twice as long each time; never long when somebody waits for it (`owed`), for whoever paid
    is back when the router is. A wrong password stays wrong: asking often only fills the
    router's log, or gets us banned. `chance` in [0, 1) spreads the tries of many by a fifth.
    """
    if trouble is Trouble.WRONG_PASSWORD:
        wait = WRONG_PASSWORD_SECONDS
    else:
        longest = LONGEST_OWED_SECONDS if owed else LONGEST_SECONDS
        wait = min(FIRST_SECONDS * 2 ** min(failures - 1, 10), longest)
    return wait * (1 + chance / 5)
