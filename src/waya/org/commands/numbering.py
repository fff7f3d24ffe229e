"""Document numbers without gaps, each of the branch that issues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from waya.org.actors import Actor
from waya.org.rows.asking import ask

# What the numbers of a kind begin with at the main branch; elsewhere the branch's code follows.
PREFIXES = {"invoice": "INV-", "pro_forma": "PRO-", "receipt": "RCT-", "credit_note": "CRN-"}

# How a branch is named on what it issues now; only the main one needs no name of its own.
_NAMES = "name, legal_name, tax_number, phone, branch_name, address"
_NOW = """e.name, e.legal_name, e.tax_number, e.phone, case when b.main then '' else b.name end,
    coalesce(nullif(b.address, ''), e.address)"""
_SAME = f"""i.branch_id = b.id and
    (i.name, i.legal_name, i.tax_number, i.phone, i.branch_name, i.address) = ({_NOW})"""
# In the order of branches, so that two who number for the same ones take turns.
_RESERVE = f"""
with wished as (
    select * from unnest(%(branches)s::bigint[], %(counts)s::bigint[]) as w (branch_id, count)
), taken as (
    insert into org_numberseries (branch_id, kind, prefix, next)
    select b.id, %(kind)s, %(prefix)s || case when b.main then '' else b.code || '-' end,
        1 + w.count
    from wished w join org_branch b on b.id = w.branch_id order by b.id
    on conflict (branch_id, kind) do update set next = org_numberseries.next + excluded.next - 1
    returning branch_id, prefix, next
)
select t.branch_id, t.prefix, t.next - w.count, i.id
from taken t join wished w on w.branch_id = t.branch_id
    join org_branch b on b.id = t.branch_id join org_entity e on e.id = b.entity_id
    left join org_issuer i on {_SAME}
"""
_NAME = f"""
insert into org_issuer (branch_id, entity_id, {_NAMES})
select b.id, e.id, {_NOW} from org_branch b join org_entity e on e.id = b.entity_id
where b.id = any(%s) order by b.id
on conflict do nothing
"""
_NAMED = f"""
select i.branch_id, i.id from org_branch b join org_entity e on e.id = b.entity_id
    join org_issuer i on {_SAME}
where b.id = any(%s)
"""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A document's number, and who issues it: the id of the `Issuer` as it is named now."""

    number: str
    issuer_id: int


def next_numbers(*, branches: Sequence[int], kind: str, by: Actor) -> list[Numbered]:
    """The next numbers of a kind, one for each of these branches, in this order: `INV-000042`
    of the main branch, `INV-NKR-000042` of the one whose code is NKR.

    One statement, however many there are and of however many branches. The series' rows stay
    locked until the transaction ends, so that no number is lost by a rollback: compute
    everything first, take numbers last.
    """
    by.must("org.number")
    if not branches:
        return []
    counts = Counter(branches)
    rows = ask(_RESERVE, {"branches": list(counts), "counts": list(counts.values()), "kind": kind,
                          "prefix": PREFIXES[kind]})  # fmt: skip
    issuers = {branch_id: issuer_id for branch_id, _, _, issuer_id in rows}
    if None in issuers.values():
        issuers |= _name([key for key, issuer_id in issuers.items() if issuer_id is None])
    return _given(branches, {row[0]: (row[1], row[2]) for row in rows}, issuers)


def _name(branches: list[int]) -> Mapping[int, int]:
    """Keep how branches are named from now on; gives the issuer of each."""
    with connection.cursor() as cursor:
        cursor.execute(_NAME, [branches])
    return dict(ask(_NAMED, [branches]))


def _given(
    branches: Sequence[int], series: Mapping[int, tuple[str, int]], issuers: Mapping[int, int]
) -> list[Numbered]:
    following = {branch_id: first for branch_id, (_, first) in series.items()}
    given = []
    for branch_id in branches:
        number = following[branch_id]
        following[branch_id] = number + 1
        given.append(Numbered(f"{series[branch_id][0]}{number:06d}", issuers[branch_id]))
    return given


def reserve_account_numbers(*, count: int, by: Actor) -> int:
    """The first of `count` account sequences from 100001 up, unique in the installation."""
    by.must("org.number")
    with connection.cursor() as cursor:
        cursor.execute("select nextval('account_sequence') from generate_series(1, %s)", [count])
        (first,) = cursor.fetchone()
    return int(first)
