"""The `waya` command: finds what is asked for, lays the ground it needs, and runs it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from enum import Enum
from importlib import import_module

import django

from waya.cli import ground
from waya.cli.postgres.account import Unusable
from waya.kernel.errors import Refused


class Needs(Enum):
    """What must stand before a command's module is imported."""

    NOTHING = "nothing"
    DJANGO = "django"
    DATABASE = "database"


@dataclass(frozen=True, slots=True)
class Command:
    """A module with `add_arguments(parser)` and `run(options) -> int`."""

    module: str
    needs: Needs
    does: str


COMMANDS = {
    "up": Command("waya.cli.up", Needs.NOTHING, "run it all: PostgreSQL, web, workers"),
    "worker": Command("waya.cli.worker", Needs.DATABASE, "one more worker"),
    "migrate": Command("waya.cli.migrate", Needs.DATABASE, "bring the database up to date"),
    "backup": Command("waya.cli.backup", Needs.DATABASE, "keep the database and the key"),
    "restore": Command("waya.cli.restore", Needs.DATABASE, "bring a backup back"),
    "bill": Command("waya.cli.runs.bill", Needs.DATABASE, "bill as of a day, or rehearse it"),
    "dunning": Command(
        "waya.cli.runs.dunning", Needs.DATABASE, "rehearse tonight: what, to whom, why"
    ),
    "ladder": Command("waya.cli.runs.ladder", Needs.DATABASE, "show or choose a dunning ladder"),
    "doctor": Command("waya.cli.doctor", Needs.DATABASE, "hold the live data to the invariants"),
    "export": Command("waya.cli.export", Needs.DATABASE, "export ledger: the journal as text"),
    "token create": Command("waya.cli.token", Needs.DATABASE, "a bearer token for the API"),
    "fiscal": Command("waya.cli.fiscal", Needs.DATABASE, "fiscal devices: add, status, resume"),
    "secrets rotate": Command("waya.cli.secrets", Needs.DATABASE, "seal credentials anew"),
    "upgrade-postgres": Command("waya.cli.upgrade", Needs.NOTHING, "data of an older PostgreSQL"),
    "assets": Command("waya.cli.assets", Needs.NOTHING, "build what browsers download"),
    "demo": Command("waya.lab.demo", Needs.NOTHING, "an ISP to look at, with its network"),
    "lab router": Command("waya.lab.router.command", Needs.NOTHING, "a simulated router"),
    "lab daraja": Command("waya.lab.daraja.command", Needs.NOTHING, "a simulated M-PESA"),
    "lab vscu": Command("waya.lab.vscu.command", Needs.NOTHING, "a simulated fiscal control unit"),
    "lab town": Command("waya.lab.town.command", Needs.DATABASE, "the lab's ISP and its people"),
    "lab clock": Command("waya.lab.clock", Needs.DATABASE, "move business time forward"),
    "bench billing": Command("waya.lab.bench.billing", Needs.NOTHING, "a whole run, timed"),
    "bench documents": Command("waya.lab.bench.documents", Needs.NOTHING, "invoices as PDF, timed"),
    "bench restore": Command("waya.lab.bench.restore", Needs.NOTHING, "payment to router, timed"),
}


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; answers the exit code."""
    words = sys.argv[1:] if words is None else words
    name = next((known for known in COMMANDS if list(words[: known.count(" ") + 1])
                 == known.split()), None)  # fmt: skip
    if name is None:
        asked_for_help = not words or words[0] in ("-h", "--help", "help")
        print(_usage(), file=sys.stdout if asked_for_help else sys.stderr)
        return 0 if asked_for_help else 2
    try:
        return _run(name, words[name.count(" ") + 1 :])
    except (Unusable, Refused) as problem:
        print(f"waya {name}: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(name: str, words: Sequence[str]) -> int:
    command = COMMANDS[name]
    asks_for_help = "-h" in words or "--help" in words
    needs_database = command.needs is Needs.DATABASE and not asks_for_help
    with ground.database() if needs_database else nullcontext():
        if command.needs is not Needs.NOTHING:
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "waya.settings")
            django.setup()
        module = import_module(command.module)
        parser = argparse.ArgumentParser(prog=f"waya {name}", description=module.__doc__)
        module.add_arguments(parser)
        return int(module.run(parser.parse_args(words)) or 0)


def _usage() -> str:
    lines = [f"  waya {name:<18}{command.does}" for name, command in COMMANDS.items()]
    return "\n".join(["usage: waya COMMAND [options]; each has --help", "", *lines])


if __name__ == "__main__":
    sys.exit(main())
