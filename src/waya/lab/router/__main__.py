"""`python -m waya.lab.router`: simulated routers, until interrupted."""

from __future__ import annotations

import argparse
import sys

from waya.lab.router.command import add_arguments, run

parser = argparse.ArgumentParser(prog="waya lab router", description=__doc__)
add_arguments(parser)
sys.exit(run(parser.parse_args()))
