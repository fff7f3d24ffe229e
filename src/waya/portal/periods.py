"""How often a plan is paid, in the reader's words."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from waya.catalog.models import Plan


def monthly(plan: Plan) -> bool:
    """Whether it is paid each month, as most are: then a list need not say so of each."""
    return (plan.unit, plan.count) == ("month", 1)


def every(plan: Plan) -> str:
    """`Each month`, `Each 2 weeks`, `For 3 hours`."""
    count = {"count": plan.count}
    match plan.unit:
        case "hour":
            return ngettext("For 1 hour", "For %(count)d hours", plan.count) % count
        case "day":
            return ngettext("Each day", "Each %(count)d days", plan.count) % count
        case "week":
            return ngettext("Each week", "Each %(count)d weeks", plan.count) % count
        case _ if plan.count == 1:
            return _("Each month")
        case _:
            return _("Each %(count)d months") % count
