"""`python -m waya.lab.vscu`."""

from __future__ import annotations

import argparse
import sys

from waya.lab.vscu import command

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="waya lab vscu", description=command.__doc__)
    command.add_arguments(parser)
    sys.exit(command.run(parser.parse_args()))
