"""`waya lab town`: found the ISP, live through its past if it has none, then live on."""

from __future__ import annotations

import argparse
import signal
from datetime import timedelta

from waya.kernel import clock
from waya.lab.town.founding import Lab, found
from waya.lab.town.history import History
from waya.lab.town.people import households
from waya.lab.town.residents import Residents
from waya.network.commands.sweep import sweep
from waya.network.models import Router
from waya.org.actors import SYSTEM
from waya.org.commands.days import start_clock
from waya.org.models import Entity
from waya.payments.commands.merchants import register_urls
from waya.payments.models import Merchant

ZONE = "Africa/Nairobi"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the lab is, and how large the town."""
    parser.add_argument("--daraja", required=True, help="address of the simulated Safaricom")
    parser.add_argument("--control", required=True, help="control address of the routers")
    parser.add_argument("--router-ports", required=True, help="their API ports, with commas")
    parser.add_argument("--portal-host", default="127.0.0.1")
    parser.add_argument("--portal-port", type=int, required=True)
    parser.add_argument("--customers", type=int, default=200)
    parser.add_argument("--days", type=int, default=75, help="of history")
    parser.add_argument("--pace", type=float, default=45.0, help="mean seconds between payments")
    parser.add_argument("--only-found", action="store_true", help="make the history, then end")


def run(options: argparse.Namespace) -> int:
    """Make what is missing, say so, and live until interrupted."""
    lab = Lab(
        daraja_url=options.daraja,
        control_url=options.control,
        router_ports=tuple(int(port) for port in options.router_ports.split(",")),
        portal_host=options.portal_host,
        portal_port=options.portal_port,
    )
    if options.only_found:
        _found(lab, options.customers, options.days)
        return 0
    entity = Entity.objects.get()
    merchant = Merchant.objects.get(entity=entity)
    register_urls(merchant_id=merchant.pk, by=SYSTEM)
    residents = Residents(lab, entity, merchant, timedelta(seconds=options.pace))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: residents.stop.set())
    residents.run()
    return 0


def _found(lab: Lab, customers: int, days: int) -> None:
    fresh = not Entity.objects.exists()
    today = clock.today(ZONE)
    first = today - timedelta(days=days)
    if fresh:
        start_clock(at=clock.start_of(first, ZONE) + timedelta(minutes=1), by=SYSTEM)
    entity, merchant = found(lab, first if fresh else clock.today(ZONE))
    if not fresh:
        return
    for router_id in Router.objects.filter(entity=entity).values_list("pk", flat=True):
        sweep(router_id=router_id, by=SYSTEM)
    History(
        entity=entity,
        merchant=merchant,
        households=households(customers, days),
        say=lambda words: print(f"  {words}", flush=True),
    ).live(first, today)
