"""`waya lab router`: simulated routers from the command line."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from contextlib import AsyncExitStack
from pathlib import Path

from waya.lab.router.control import Control
from waya.lab.router.server import LabRouter, Settings
from waya.lab.web import HttpServer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of this program."""
    parser.add_argument("--port", type=int, default=8728, help="of the first router's API")
    parser.add_argument("--count", type=int, default=1, help="so many routers, on ports upward")
    parser.add_argument("--proxy-port", type=int, default=0, help="of the first router's proxy")
    parser.add_argument("--control-port", type=int, default=0, help="of the control channel")
    parser.add_argument("--customers", type=int, default=0, help="boxes and secrets to start with")
    parser.add_argument("--user", default="waya")
    parser.add_argument("--password", default="waya")
    parser.add_argument("--name", default="MikroTik", help="the router's identity")
    parser.add_argument("--version", default="7.16.2 (stable)")
    parser.add_argument("--legacy-login", action="store_true", help="as before 6.43")
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--redial-seconds", type=float, default=2.0)
    parser.add_argument("--state", type=Path, help="keep what is configured in this file")


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted; the first line printed is JSON with every port."""
    try:
        asyncio.run(_serve(options))
    except OSError as error:
        print(f"cannot listen: {error}")
        return 1
    return 0


async def _serve(options: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as stack:
        routers = [
            await stack.enter_async_context(_router(options, index))
            for index in range(options.count)
        ]
        control = HttpServer(Control(routers).routes())
        control_port = await control.start(options.control_port)
        stack.push_async_callback(control.close)
        ports = [{"port": router.port, "proxy_port": router.proxy_port} for router in routers]
        print(json.dumps({"routers": ports, "control_port": control_port}), flush=True)
        await stopped.wait()


def _router(options: argparse.Namespace, index: int) -> LabRouter:
    several = options.count > 1
    state = options.state
    if state is not None and several:
        state = state.with_name(f"{state.name}.{index + 1}")
    settings = Settings(
        name=f"{options.name}-{index + 1}" if several else options.name,
        user=options.user,
        password=options.password,
        version=options.version,
        legacy_login=options.legacy_login,
        redial_seconds=options.redial_seconds,
        customers=options.customers,
        subnet=index,
        state=state,
    )
    router = LabRouter(
        settings,
        port=options.port and options.port + index,
        proxy_port=options.proxy_port and options.proxy_port + index,
    )
    router.initial_faults = {"latency_ms": options.latency_ms}
    return router
