"""Set up a branch's fiscal device, look at what it owes, and go on after trouble."""

from __future__ import annotations

import argparse
import os

from waya.billing.commands import fiscal
from waya.billing.models import FiscalDevice
from waya.billing.queries.fiscal import rejected, said_of, waiting
from waya.cli.postgres.account import Unusable
from waya.cli.token import the_entity
from waya.org.actors import SYSTEM
from waya.org.models import Branch, Entity

ACTIONS = ("add", "status", "resume", "again")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do, and with which device."""
    parser.add_argument("action", choices=ACTIONS)
    parser.add_argument("--entity", help="the company's name, where there are several")
    parser.add_argument("--branch", default="HQ", help="the branch's code")
    parser.add_argument("--driver", default="etims_oscu", help="etims_oscu or etims_vscu")
    parser.add_argument("--url", help="where the control unit answers")
    parser.add_argument("--tax-number", help="the company's PIN")
    parser.add_argument("--branch-code", default="00", help="the authority's code of the branch")
    parser.add_argument("--serial", help="the device's serial number, as it was applied for")
    parser.add_argument("--control-unit", default="", help="of a device accepted before, whose "
                        "key is in WAYA_FISCAL_KEY")  # fmt: skip
    parser.add_argument("--next-number", type=int, help="resume with this number")
    parser.add_argument("--document", help="again: the number of a rejected invoice")


def run(options: argparse.Namespace) -> int:
    """Do it, and say how the device stands."""
    entity = the_entity(options.entity)
    if options.action == "add":
        _add(options, entity)
    elif options.action == "resume":
        device = _device(options, entity)
        fiscal.resume(device_id=device.pk, next_number=options.next_number, by=SYSTEM)
    elif options.action == "again":
        _again(options, entity)
    _show(entity)
    return 0


def _add(options: argparse.Namespace, entity: Entity) -> None:
    for name in ("url", "tax_number", "serial"):
        if not getattr(options, name):
            raise Unusable(f"--{name.replace('_', '-')} is missing")
    branch = Branch.objects.filter(entity=entity, code=options.branch).first()
    if branch is None:
        raise Unusable(f"{entity.name} has no branch {options.branch}")
    fiscal.add_device(
        branch_id=branch.pk, driver=options.driver, base_url=options.url,
        tax_number=options.tax_number, serial=options.serial, branch_code=options.branch_code,
        key=os.environ.get("WAYA_FISCAL_KEY", ""), control_unit=options.control_unit, by=SYSTEM,
    )  # fmt: skip


def _again(options: argparse.Namespace, entity: Entity) -> None:
    row = rejected(entity.pk).filter(reference=options.document).first()
    if row is None:
        raise Unusable(f"{options.document} is not rejected")
    fiscal.try_again(document_id=row.pk, by=SYSTEM)


def _device(options: argparse.Namespace, entity: Entity) -> FiscalDevice:
    device = FiscalDevice.objects.filter(entity=entity, branch__code=options.branch).first()
    if device is None:
        raise Unusable(f"branch {options.branch} has no fiscal device")
    return device


def _show(entity: Entity) -> None:
    devices = FiscalDevice.objects.filter(entity=entity).select_related("branch").order_by("pk")
    if not devices:
        print(f"{entity.name} has no fiscal device: nothing is owed to a tax authority.")
    for device in devices:
        how = f"stopped: {device.trouble}" if device.trouble else "working"
        print(f"{device.branch.code} {device.driver} {device.control_unit} {how}; "
              f"next number {device.next_number}")  # fmt: skip
    print(f"{waiting(entity.pk)} waiting")
    for row in rejected(entity.pk):
        print(f"{row.reference} rejected: {said_of(row)}")
