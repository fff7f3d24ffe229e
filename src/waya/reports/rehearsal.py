"""The rehearsal of a night: what would be done to whom, who is spared and why, in sums."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from waya.billing.queries.debts import day_of
from waya.billing.rules.ladder.tonight import Hold, Step
from waya.billing.rules.ladder.values import Action, Ladder
from waya.kernel.money import Money
from waya.network.models import Router
from waya.network.queries import access_counts
from waya.org.queries import entity_of
from waya.parties.models import Customer
from waya.payments.queries.tonight import tonight

ORDER = (Action.DISCONNECT, Action.WALL, Action.WRITE_OFF, Action.FEE, Action.FOLLOW_UP,
         Action.MESSAGE)  # fmt: skip
# So many times what the middle one of its group is about is out of the ordinary.
_FAR, _ENOUGH = 10, 5


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to one customer. `owed` is missing on the debt, `moves` what the action moves;
    `waits` that a person is asked first; `until` how long a promise spares them."""

    account: str
    name: str
    action: Action
    rung: str
    debt: str
    due: date
    late: int
    owed: Money
    moves: Money
    router: str = ""
    waits: bool = False
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Everything of one kind, what concerns most money first. `outliers` are those far from
    the middle; `customers` counts each once."""

    key: str
    customers: int
    owed: Money
    moves: Money
    waiting: int
    rows: Sequence[Row]
    outliers: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Held:
    """A router whose cut-offs the brake would put before a person."""

    router: str
    customers: int
    serves: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A night as it would be if it were now: actions by kind, whom what spares, the brake."""

    on: date
    currency: str
    holiday: bool
    judged: int
    actions: Sequence[Group]
    spared: Sequence[Group]
    held: Sequence[Held]


def rehearsal(entity_id: int, on: date, ladder: Ladder | None = None) -> Rehearsal:
    """What a ladder (without one: that which holds) would do on a day, by the same rule over the
    same facts as the run, and nothing is written. The number of queries does not grow with the
    customers."""
    night = tonight(entity_id, on, ladder)
    currency = entity_of(entity_id).currency
    people = Customer.objects.in_bulk(
        {step.customer_id for step in night.steps} | {one.step.customer_id for one in night.spared}
    )
    routers = dict(Router.objects.filter(entity_id=entity_id).values_list("pk", "name"))
    serves = access_counts(night.held)

    def shown(step: Step, *, waits: bool = False, until: date | None = None) -> Row:
        owner = people[step.customer_id]
        return Row(
            account=owner.account_number,
            name=owner.name,
            action=step.rung.action,
            rung=step.rung.key,
            debt=step.debt.number or "renewal not asked for yet",
            due=step.debt.due,
            late=step.late,
            owed=Money(step.debt.owed_minor, currency),
            moves=Money(step.minor, currency),
            router=routers.get(step.service.router_id, "") if step.service else "",
            waits=waits,
            until=until,
        )

    done: dict[Action, list[Row]] = {}
    for step in night.steps:
        done.setdefault(step.rung.action, []).append(shown(step, waits=night.waits(step)))
    spared: dict[Hold, list[Row]] = {}
    for one in night.spared:
        spared.setdefault(one.hold, []).append(shown(one.step, until=one.until))
    return Rehearsal(
        on=on,
        currency=currency,
        holiday=day_of(entity_id, on).holiday,
        judged=len(night.nights),
        actions=[_group(one.value, done[one], currency) for one in ORDER if one in done],
        spared=[_group(one.value, spared[one], currency) for one in Hold if one in spared],
        held=[Held(routers[key], count, serves[key]) for key, count in night.held.items()],
    )


def _group(key: str, rows: list[Row], currency: str) -> Group:
    rows.sort(key=lambda row: (-_weight(row), row.account))
    middle = sorted(_weight(row) for row in rows)[len(rows) // 2]
    far = [row for row in rows if _weight(row) > _FAR * middle]
    return Group(
        key=key,
        customers=len({row.account for row in rows}),
        owed=Money(sum(row.owed.minor for row in _once(rows)), currency),
        moves=Money(sum(row.moves.minor for row in rows), currency),
        waiting=len({row.account for row in rows if row.waits}),
        rows=rows,
        outliers=far if len(rows) >= _ENOUGH else [],
    )


def _weight(row: Row) -> int:
    return max(row.owed.minor, row.moves.minor)


def _once(rows: Iterable[Row]) -> list[Row]:
    """Each debt once, however many things it is about."""
    return list({(row.account, row.debt): row for row in rows}.values())
