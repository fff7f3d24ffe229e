"""PostgreSQL is killed while a payment comes: everything is back by itself, and the money too."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor

from tests.live.installation import Installation, until

from waya.cli.tests.running import gone, postmaster

# A listener's last words are these for its first thirty seconds.
_LISTENING = "select count(*) from pg_stat_activity where query like 'LISTEN%%'"


def test_a_killed_database_comes_back_and_nothing_is_lost(live: Installation) -> None:
    before, during = live.household(), live.household()
    live.pay(before)
    server = postmaster(live.home)
    with ThreadPoolExecutor(1) as payer:
        os.kill(live.up.pid, signal.SIGSTOP)  # so that nobody starts it again at once
        try:
            os.kill(server, signal.SIGKILL)
            until(lambda: gone(server), "PostgreSQL is dead")
            paying = payer.submit(live.pay, during, retries=100, retry_after=300)
            until(lambda: any("Confirmation" in told and "HTTP 200" not in told
                              for told in live.events(during)),
                  "the confirmation is not accepted")  # fmt: skip
        finally:
            os.kill(live.up.pid, signal.SIGCONT)
        assert paying.result(timeout=60)["status"] == 200  # M-PESA repeated it
    # Every worker hears of jobs at once again: none merely looks from time to time.
    until(lambda: live.one(_LISTENING) >= len(live.workers()), "every worker listens", 25)
    until(lambda: live.is_back(before, during), "both are back")
    assert [live.payments_of(one) for one in (before, during)] == [2, 2]
