"""`waya lab daraja`: the simulated Safaricom as a program."""

from __future__ import annotations

import argparse
import asyncio
import signal
from dataclasses import replace

from waya.lab.daraja.knobs import Knobs
from waya.lab.daraja.safaricom import SANDBOX_PASSKEY
from waya.lab.daraja.station import Setup, Station


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `waya lab daraja`."""
    usual = Setup()
    parser.add_argument("--port", type=int, default=8810, help="Daraja, SMS and /_sim")
    parser.add_argument("--handset-port", type=int, default=8801, help="the page for people")
    parser.add_argument("--shortcode", default=usual.shortcode, help="the first paybill")
    parser.add_argument("--merchant", default=usual.merchant_name, help="its name")
    parser.add_argument("--passkey", default=SANDBOX_PASSKEY, help="its passkey")
    parser.add_argument("--consumer-key", default=usual.consumer_key)
    parser.add_argument("--consumer-secret", default=usual.consumer_secret)
    parser.add_argument("--sms-username", default=usual.sms_username)
    parser.add_argument("--sms-key", default=usual.sms_key)
    parser.add_argument(
        "--answer",
        default=usual.knobs.answer,
        help="who answers prompts: suffix (of the number), person, or always a result code",
    )
    parser.add_argument("--seed", type=int, help="the same receipts every time; for tests only")


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted or terminated; 1 when a port is taken."""
    setup = Setup(
        shortcode=options.shortcode,
        merchant_name=options.merchant,
        passkey=options.passkey,
        consumer_key=options.consumer_key,
        consumer_secret=options.consumer_secret,
        sms_username=options.sms_username,
        sms_key=options.sms_key,
        knobs=replace(Knobs(), answer=options.answer),
        seed=options.seed,
    )
    try:
        asyncio.run(_serve(setup, options.port, options.handset_port))
    except OSError as error:
        print(f"cannot listen: {error}", flush=True)
        return 1
    return 0


async def _serve(setup: Setup, port: int, handset_port: int) -> None:
    station = Station(setup)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        gateway, handset = await station.start(port=port, handset_port=handset_port)
        print(f"Daraja and SMS: http://127.0.0.1:{gateway}", flush=True)
        print(f"Handset:        http://127.0.0.1:{handset}", flush=True)
        await stop.wait()
    finally:
        await station.close()
