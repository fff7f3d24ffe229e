"""`waya lab vscu`: the simulated control unit as a program, where the real one listens."""

from __future__ import annotations

import argparse
import signal
import threading

from waya.lab.vscu.station import plugged_in
from waya.lab.vscu.unit import ControlUnit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `waya lab vscu`."""
    parser.add_argument("--port", type=int, default=8088, help="the real one's is 8088")
    parser.add_argument("--serial", action="append", help="approve only these serial numbers")
    parser.add_argument("--repeated", default="994", choices=("994", "899"),
                        help="its code for a number that it has")  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted or terminated; 1 when the port is taken."""
    serials = frozenset(options.serial) if options.serial else None
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with plugged_in(ControlUnit(serials, repeated=options.repeated), options.port) as station:
            print(f"Control unit: {station.url}", flush=True)
            stop.wait()
    except OSError as error:
        print(f"cannot listen: {error}", flush=True)
        return 1
    return 0
