"""Reads: what is owed to which router, and how routers and the access on them are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet

from waya.kernel import clock
from waya.network.drivers.lines import Address
from waya.network.models import DesiredAccess, Router, Session
from waya.network.policy import NetworkPolicy
from waya.network.rules import access
from waya.network.rules.access import MARK, Wanted
from waya.network.rules.garden import WalledGarden
from waya.network.rules.states import access_state, presence, router_state
from waya.org.models import Approval
from waya.org.policy import chosen
from waya.org.rows.asking import ask

REMOVAL = "network.remove"
"""The kind of approval that removals beyond the brake wait for."""

SWEEPS_AT_ONCE = 4
"""Sweeps are many rows and nobody waits for one: they go a few at a time."""

_LATELY_SWEEPS = 2
_LATELY_POLLS = 2
_SLACK = timedelta(seconds=15)
_NEVER = datetime.min.replace(tzinfo=UTC)


def routers_due(at: datetime) -> list[int]:
    """Routers that are owed something, that nobody works on, and that may be tried again."""
    free = Q(leased_until=None) | Q(leased_until__lt=at)
    due = _may_try(at).filter(free, wanted__gt=F("confirmed"))
    return list(due.values_list("pk", flat=True))


def routers_to_poll(at: datetime) -> list[int]:
    """Routers whose live sessions it is time to look at."""
    due = _may_try(at).filter(Q(next_poll_at=None) | Q(next_poll_at__lte=at))
    return list(due.values_list("pk", flat=True))


def routers_to_sweep(at: datetime) -> list[int]:
    """A few of the routers whose time to be swept has come, longest waiting first."""
    due = _may_try(at).filter(Q(next_sweep_at=None) | Q(next_sweep_at__lte=at))
    oldest = due.order_by(F("next_sweep_at").asc(nulls_first=True), "pk")
    return list(oldest.values_list("pk", flat=True)[:SWEEPS_AT_ONCE])


@dataclass(frozen=True, slots=True)
class Owed:
    """A row that its router is not known to hold yet."""

    id: int
    name: str
    profile: str
    enabled: bool
    owner: UUID
    since: datetime
    number: int
    customer_id: int | None
    cause_id: int | None
    password: str = field(repr=False)

    @property
    def wanted(self) -> Wanted:
        """The same, as the rules have it."""
        return Wanted(self.profile, self.enabled, self.since, mark(self.owner), self.password)


def owed(router_id: int, limit: int) -> list[Owed]:
    """What a router is owed, whatever gives before whatever takes; conflicts left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select d.id, d.name, d.profile, d.enabled, d.owner, d.since, d.number,"
            " d.customer_id, d.cause_id, s.password"
            " from network_desiredaccess d join radius_private.access_secret s using (name)"
            " where d.router_id = %s and d.confirmed_at is null and d.conflict_since is null"
            " order by d.restricted, d.since, d.id limit %s",
            [router_id, limit],
        )
        return [Owed(*row) for row in cursor.fetchall()]


def whole(router_id: int) -> list[DesiredAccess]:
    """Every row of a router."""
    return list(DesiredAccess.objects.filter(router_id=router_id))


def is_over(row: DesiredAccess) -> bool:
    """Ended, and proven shut: nobody wants it on the router any more."""
    return row.ended and row.confirmed_at is not None


def wanted_of(row: DesiredAccess) -> Wanted:
    """A row as the rules have it, without its password: for looking, not for writing."""
    return Wanted(row.profile, row.enabled, row.since, mark(row.owner), password="")


def mark(owner: UUID) -> str:
    """What the comment of a secret says: that it is ours, and whose."""
    return f"{MARK}{owner}"


def profiles(entity_id: int) -> dict[str, access.Profile]:
    """An entity's profiles, by name."""
    return {
        name: access.Profile(
            name=name,
            rate_limit=rate_limit,
            address_list=address_list,
            session_timeout_seconds=timeout or 0,
        )
        for name, rate_limit, address_list, timeout in ask(_PROFILES, [entity_id])
    }


_PROFILES = """
select name, rate_limit, address_list, session_timeout_seconds from network_profile
where entity_id = %s
"""


def profiles_for(router: Router) -> dict[str, access.Profile]:
    """The entity's profiles as this router should have them, with its own pool."""
    return {
        name: replace(profile, pool=router.pool, local_address=router.local_address)
        for name, profile in profiles(router.entity_id).items()
    }


def garden(router: Router) -> WalledGarden | None:
    """Where a router's walled customers are led; None while it has no portal."""
    if not router.portal_host:
        return None
    policy = chosen(NetworkPolicy, router.entity_id)
    return WalledGarden(router.portal_host, router.portal_port, policy.open_to_walled)


def address(router: Router) -> Address:
    """Where a router is and how to log in."""
    return Address(
        router_id=router.pk,
        host=router.host,
        port=router.port,
        username=router.username,
        password=router.password,
        troubled=router.failures > 0,
    )


@dataclass(frozen=True, slots=True)
class RouterState:
    """A router on its page: `state` is a word of `rules.states`, `since` when it began.

    `names` counts what it should hold, `online` those of them that have a session, and
    `serving` those that have one and are neither walled nor off; both are None while nobody
    can look.
    """

    id: int
    public_id: UUID
    name: str
    place: str
    address: str
    version: str
    state: str
    trouble: str
    since: datetime | None
    names: int
    unconfirmed: int
    conflicts: int
    online: int | None
    serving: int | None
    seen_at: datetime | None
    swept_at: datetime | None
    next_try_at: datetime | None


def router_states(entity_id: int) -> list[RouterState]:
    """Every router of an entity and whether it holds what it should. Five queries."""
    routers = list(Router.objects.filter(entity_id=entity_id).order_by("name"))
    keys = [router.pk for router in routers]
    tallies = _tallies(keys)
    online = _online(keys)
    waiting = _waiting(entity_id)
    late = _polls_are_late_before(entity_id)
    states = []
    for router in routers:
        tally = tallies.get(router.pk, _Tally())
        looked = router.polled_at is not None and router.polled_at >= late
        found = online.get(router.pk, (0, 0)) if looked and not router.trouble else None
        state = router_state(
            trouble=router.trouble,
            owed=tally.unconfirmed > tally.conflicts,
            waits=router.pk in waiting,
            conflicts=tally.conflicts,
        )
        states.append(
            RouterState(
                id=router.pk,
                public_id=router.public_id,
                name=router.name,
                place=router.place,
                address=f"{router.host}:{router.port}",
                version=router.version,
                state=state,
                trouble=router.trouble,
                since=router.trouble_since if router.trouble else tally.oldest,
                names=tally.names,
                unconfirmed=tally.unconfirmed,
                conflicts=tally.conflicts,
                online=found[0] if found else None,
                serving=found[1] if found else None,
                seen_at=router.seen_at,
                swept_at=router.swept_at,
                next_try_at=router.next_try_at,
            )
        )
    return states


@dataclass(frozen=True, slots=True)
class Online:
    """Where a customer is online, or was last."""

    address: str
    caller_id: str
    began_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class AccessState:
    """What should be, what was proven to be, and what is seen of one owner's access.

    `state` and `presence` are words of `rules.states`; `confirmed_at` is when the router was
    last read back, None while it is owed something; `trouble` is the router's.
    """

    owner: UUID
    router_id: int
    router_name: str
    name: str
    profile: str
    enabled: bool
    restricted: bool
    ended: bool
    since: datetime
    confirmed_at: datetime | None
    conflict_since: datetime | None
    refusal: str
    state: str
    trouble: str
    trouble_since: datetime | None
    cause_id: int | None
    presence: str
    session: Online | None


def access_of(owner: UUID) -> AccessState | None:
    """One owner's access; None when nothing was ever wanted for it."""
    return access_states([owner]).get(owner)


def access_states(owners: Collection[UUID]) -> dict[UUID, AccessState]:
    """The access of many owners, in as many queries as for one (three)."""
    rows = DesiredAccess.objects.filter(owner__in=list(owners)).select_related("router")
    return {state.owner: state for state in _states(list(rows.order_by("ended", "-pk"))[::-1])}


def online_count(entity_id: int) -> int:
    """How many customers are online, on routers that were looked at lately."""
    return Session.objects.filter(
        ended_at=None,
        router__entity_id=entity_id,
        router__trouble="",
        router__polled_at__gte=_polls_are_late_before(entity_id),
    ).count()


def access_counts(router_ids: Collection[int]) -> dict[int, int]:
    """How many names that have not ended each of these routers should hold."""
    rows = DesiredAccess.objects.filter(router_id__in=list(router_ids), ended=False)
    return dict.fromkeys(router_ids, 0) | dict(
        rows.values_list("router_id").annotate(count=Count("pk"))
    )


def all_swept_since_start(entity_id: int) -> bool:
    """Whether every reachable router was looked at whole lately, within two rounds of sweeps.

    After an outage of ours nobody is cut off before we have seen again how things are.
    """
    policy = chosen(NetworkPolicy, entity_id)
    lately = clock.real_now() - _LATELY_SWEEPS * timedelta(seconds=policy.sweep_every_seconds)
    unseen = Q(swept_at=None) | Q(swept_at__lt=lately)
    return not Router.objects.filter(unseen, entity_id=entity_id, trouble="").exists()


def _states(rows: Sequence[DesiredAccess]) -> list[AccessState]:
    sessions = _open_sessions(rows)
    late = {
        entity_id: _polls_are_late_before(entity_id)
        for entity_id in {row.router.entity_id for row in rows}
    }
    return [
        AccessState(
            owner=row.owner,
            router_id=row.router_id,
            router_name=row.router.name,
            name=row.name,
            profile=row.profile,
            enabled=row.enabled,
            restricted=row.restricted,
            ended=row.ended,
            since=row.since,
            confirmed_at=row.confirmed_at,
            conflict_since=row.conflict_since,
            refusal=row.refusal,
            state=access_state(
                trouble=row.router.trouble,
                confirmed=row.confirmed_at is not None,
                conflict=row.conflict_since is not None,
                refusal=row.refusal,
                restricted=row.restricted,
            ),
            trouble=row.router.trouble,
            trouble_since=row.router.trouble_since,
            cause_id=row.cause_id,
            presence=presence(
                open_session=(row.router_id, row.name) in sessions,
                looked_lately=(row.router.polled_at or _NEVER) >= late[row.router.entity_id],
                trouble=row.router.trouble,
            ),
            session=sessions.get((row.router_id, row.name)),
        )
        for row in rows
    ]


def _may_try(at: datetime) -> QuerySet[Router]:
    return Router.objects.filter(Q(next_try_at=None) | Q(next_try_at__lte=at))


def _polls_are_late_before(entity_id: int) -> datetime:
    """A router not looked at since then cannot be said to have anybody online."""
    policy = chosen(NetworkPolicy, entity_id)
    every = timedelta(seconds=policy.poll_every_seconds)
    return clock.real_now() - _LATELY_POLLS * every - _SLACK


@dataclass(frozen=True, slots=True)
class _Tally:
    names: int = 0
    unconfirmed: int = 0
    conflicts: int = 0
    oldest: datetime | None = None


def _tallies(router_ids: Collection[int]) -> dict[int, _Tally]:
    rows = DesiredAccess.objects.filter(router_id__in=router_ids).values_list("router_id")
    counted = rows.annotate(
        names=Count("pk", filter=Q(ended=False)),
        unconfirmed=Count("pk", filter=Q(confirmed_at=None)),
        conflicts=Count("pk", filter=Q(conflict_since__isnull=False)),
        oldest=Min("since", filter=Q(confirmed_at=None)),
    )
    return {router_id: _Tally(*counts) for router_id, *counts in counted}


def _online(router_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """How many of the names that a router should hold are online, and how many of those are
    served: a second session of a name, or one of a name that is not ours, counts no more."""
    session = Session.objects.filter(
        router=OuterRef("router"), name=OuterRef("name"), ended_at=None
    )
    rows = DesiredAccess.objects.filter(Exists(session), router_id__in=router_ids, ended=False)
    counted = rows.values_list("router_id").annotate(
        online=Count("pk"), serving=Count("pk", filter=Q(enabled=True, restricted=False))
    )
    return {router_id: (online, serving) for router_id, online, serving in counted}


def _waiting(entity_id: int) -> set[int]:
    """Routers with removals that wait for a person."""
    rows = Approval.objects.filter(
        entity_id=entity_id, kind=REMOVAL, state=Approval.WAITING
    ).values_list("why__router_id", flat=True)
    return set(rows)


def _open_sessions(rows: Sequence[DesiredAccess]) -> dict[tuple[int, str], Online]:
    sessions = Session.objects.filter(
        router_id__in={row.router_id for row in rows},
        name__in=[row.name for row in rows],
        ended_at=None,
    )
    return {
        (one.router_id, one.name): Online(
            address=one.address or "",
            caller_id=one.caller_id,
            began_at=one.began_at,
            seen_at=max(one.seen_at, one.router.polled_at or one.seen_at),
        )
        for one in sessions.select_related("router").order_by("pk")
    }
