"""The ladder: who climbs what, changed with tonight in sight, and kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render

from waya.billing.commands.dunning.ladders import choose_ladder
from waya.billing.policy import LadderPolicy, WriteOffPolicy
from waya.billing.queries.debts import ladder_of
from waya.billing.rules.ladder.reading import written
from waya.billing.rules.ladder.values import Ladder
from waya.console import drafts
from waya.console.pages.dunning.ladder_sheet import Sheet, beyond, sheet, typed_from
from waya.console.pages.dunning.tabs import tabs
from waya.console.pages.dunning.tonight import ACTIONS
from waya.console.sheets.rows import step, typed_of
from waya.console.staff import StaffRequest, staff
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.org.actors import Actor
from waya.org.models import AuditRecord, Entity, Policy
from waya.org.policy import chosen
from waya.org.words import words
from waya.payments.queries.tonight import next_night
from waya.reports.rehearsal import ORDER, Rehearsal, rehearsal

_LOOK, _KEEP, _STANDARD = "look", "keep", "standard"
_ADDRESS = "/collections/ladder"
_BEFORE = 10
_MORE = (
    "The ladder that holds says more than this form can ({where}), which would be lost if it were"
    " kept from here. Change it by API: POST /api/v1/billing/ladder."
)


@staff("money.view")
def ladder(request: StaffRequest, by: Actor) -> HttpResponse:
    """Segments, conditions and actions; whoever may changes them, and sees tonight by them
    before they hold."""
    entity = request.entity
    holds = ladder_of(entity.pk)
    may = by.can("org.policy")
    typed, wished = _typed(request, holds, may)
    limit = chosen(WriteOffPolicy, entity.pk).limit_minor
    filled = sheet(typed, entity.currency, limit_minor=limit, quiet=wished != _KEEP)
    beyond_it = beyond(holds, entity.currency, chosen(LadderPolicy, entity.pk).fees_on_fees)
    fault = ""
    if may and wished == _KEEP and beyond_it:
        fault = _MORE.format(where=beyond_it)
    elif may and wished in (_KEEP, _STANDARD):
        kept = filled.ladder if wished == _KEEP else holds
        if kept is not None:
            try:
                _choose(entity, filled, wished, by)
                messages.info(request, "Kept. It holds from the next judgement on.")
                return redirect(_ADDRESS)
            except Refused as refusal:
                fault = words(refusal)
    context = {
        "tabs": tabs("ladder"),
        "filled": filled,
        "may_change": may,
        "own": bool(chosen(LadderPolicy, entity.pk).segments),
        "tonight": _tonight(entity, holds, holds if beyond_it else filled.ladder, filled.faults),
        "fault": fault,
        "note": _MORE.format(where=beyond_it) if beyond_it and not fault else "",
        "before": _before(entity),
        "oob": bool(request.htmx) and wished == _LOOK,
    }
    status = 422 if wished == _KEEP else 200
    return render(request, "console/dunning/ladder.html", context, status=status)


def _typed(request: StaffRequest, holds: Ladder, may: bool) -> tuple[QueryDict, str]:
    """What stands in the form, and what is wished; at first the ladder that holds."""
    entity = request.entity
    if request.method == "POST" and may:
        wished = request.POST.get("step", _KEEP)
        return step(request.POST, wished), wished
    kept = drafts.take(request)
    policy = chosen(LadderPolicy, entity.pk)
    start = typed_from(written(holds), entity.currency, policy.fees_on_fees)
    return (typed_of(kept) if kept else start), _LOOK


def _choose(entity: Entity, filled: Sheet, wished: str, by: Actor) -> None:
    if wished == _STANDARD:
        choose_ladder(entity_id=entity.pk, segments=[], by=by)
    else:
        choose_ladder(entity_id=entity.pk, segments=filled.segments,
                      fees_on_fees=filled.fees_on_fees, by=by)  # fmt: skip


def _tonight(
    entity: Entity, holds: Ladder, wished: Ladder | None, faults: Sequence[str]
) -> dict[str, Any]:
    """The next night by the ladder that holds, and by the one that is wished, action by action."""
    if wished is None:
        fault = next(iter(faults), "")
        return {"fault": fault or "What tonight would be stands here once the ladder is whole."}
    on = next_night(entity.pk)
    now = rehearsal(entity.pk, on)
    same = wished.segments == holds.segments
    then = now if same else rehearsal(entity.pk, on, wished)
    return {
        "on": on,
        "same": same,
        "judged": then.judged,
        "rows": _rows(now, then, entity.currency),
        "spared": sum(one.customers for one in then.spared),
        "held": [one.router for one in then.held],
    }


def _rows(now: Rehearsal, then: Rehearsal, currency: str) -> list[dict[str, Any]]:
    rows = []
    was = {one.key: one for one in now.actions}
    will = {one.key: one for one in then.actions}
    for key in (one.value for one in ORDER):
        before, after = was.get(key), will.get(key)
        if before is None and after is None:
            continue
        icon, tone, told = ACTIONS[key]
        rows.append({
            "icon": icon, "tone": tone, "words": told,
            "now": before.customers if before else 0,
            "then": after.customers if after else 0,
            "moves": after.moves if after else Money(0, currency),
            "names": [row.name for row in after.rows[:3]] if after else [],
            "more": max(0, after.customers - 3) if after else 0,
        })  # fmt: skip
    return rows


def _before(entity: Entity) -> list[dict[str, Any]]:
    """Who chose a ladder when: each choice is dated, and stays in the audit."""
    policies = Policy.objects.filter(entity=entity, name=LadderPolicy.policy_name)
    rows = AuditRecord.objects.filter(
        subject_kind="policy", subject_id__in=policies.values("pk"), action="policy.chosen"
    ).order_by("-pk")[:_BEFORE]
    return [{"at": row.at, "by": row.actor_name, "words": _chosen(row.why)} for row in rows]


def _chosen(why: dict[str, Any]) -> str:
    before_and_after = why.get("segments")
    if not before_and_after:
        return "fees on fees"
    keys = [str(one.get("key", "")) for one in before_and_after[1]]
    return ", ".join(keys) or "the standard ladder"
