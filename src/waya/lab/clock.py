"""`waya lab clock`: move a lab's business time forward, and see it move."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta

from django.conf import settings

from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.org.actors import SYSTEM
from waya.org.commands.days import move_clock


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to; without either, what time it is."""
    parser.add_argument("--to", type=datetime.fromisoformat, help="a moment, such as 2027-03-01")
    parser.add_argument("--days", type=int, help="so many days on")


def run(options: argparse.Namespace) -> int:
    """Move it if asked, and print business time."""
    if not settings.WAYA_LAB:
        raise Refused("not_a_lab")
    to = options.to.astimezone() if options.to else None
    if options.days:
        to = clock.now() + timedelta(days=options.days)
    if to:
        move_clock(to=to, by=SYSTEM)
    print(clock.now().isoformat(timespec="seconds"))
    return 0
