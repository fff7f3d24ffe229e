"""Routers and access: what should be, what was proven to be, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404
from ninja import Query, Router, Schema

from waya.api.door import REFUSALS, Caller, entity_id
from waya.api.lists import Going, Page, one, page
from waya.network.queries import AccessState, RouterState, access_states, router_states
from waya.org.actors import Actor
from waya.org.queries import visible_to
from waya.subscriptions.models import Subscription

router = Router(tags=["network"])


class RouterShown(Schema):
    """A router and whether it holds what it should, since when, and when we last looked.

    `online` is None while nobody can look; `unconfirmed` counts names not yet proven.
    """

    id: UUID
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
    seen_at: datetime | None
    swept_at: datetime | None
    next_try_at: datetime | None


class Desired(Schema):
    """What our records say that the router should hold, and since when."""

    profile: str
    enabled: bool
    restricted: bool
    since: datetime


class SessionShown(Schema):
    """A session as the router last told it."""

    address: str | None
    caller_id: str
    began_at: datetime
    seen_at: datetime


class Observed(Schema):
    """What is seen: `presence` is online, offline or unknown."""

    presence: str
    session: SessionShown | None


class AccessShown(Schema):
    """Access of a subscription. With `confirmed_at` the router was read back and agreed then;
    without, it is owed what `desired` says, and `state` says what we wait for."""

    subscription: UUID
    router_name: str
    username: str
    state: str
    desired: Desired
    observed: Observed
    confirmed_at: datetime | None
    conflict_since: datetime | None
    trouble: str
    trouble_since: datetime | None


@router.get("/routers", response={200: list[RouterShown], **REFUSALS})
def list_routers(request: Caller) -> list[dict[str, Any]]:
    """Every router, by name."""
    return [_router(state) for state in _states(request.auth.must("network.view"))]


@router.get("/routers/{uuid:id}", response={200: RouterShown, **REFUSALS})
def get_router(request: Caller, id: UUID) -> dict[str, Any]:
    """One router."""
    by = request.auth.must("network.view")
    found = [state for state in _states(by) if state.public_id == id]
    if not found:
        raise Http404
    return _router(found[0])


@router.get("/access", response={200: Page[AccessShown], **REFUSALS})
def list_access(request: Caller, going: Query[Going]) -> dict[str, Any]:
    """The access of every subscription that was ever on the wire, newest first."""
    by = request.auth.must("network.view")
    rows = visible_to(by, Subscription.objects.exclude(state=Subscription.PENDING))
    return page(rows, going, _accesses)


@router.get("/subscriptions/{uuid:id}/access", response={200: AccessShown, **REFUSALS})
def get_access(request: Caller, id: UUID) -> dict[str, Any]:
    """The access of one subscription; 404 while nothing is on the wire for it."""
    by = request.auth.must("network.view")
    found = _accesses([one(visible_to(by, Subscription.objects.all()), id)])
    if not found:
        raise Http404
    return found[0]


def _states(by: Actor) -> list[RouterState]:
    return router_states(entity_id(by))


def _router(state: RouterState) -> dict[str, Any]:
    own = ("name", "place", "address", "version", "state", "trouble", "since", "names",
           "unconfirmed", "conflicts", "online", "seen_at", "swept_at", "next_try_at")  # fmt: skip
    return {"id": state.public_id, **{name: getattr(state, name) for name in own}}


def _accesses(rows: list[Subscription]) -> list[dict[str, Any]]:
    states = access_states([row.public_id for row in rows])
    return [_access(states[row.public_id]) for row in rows if row.public_id in states]


def _access(state: AccessState) -> dict[str, Any]:
    session = state.session
    return {
        "subscription": state.owner,
        "router_name": state.router_name,
        "username": state.name,
        "state": state.state,
        "desired": {"profile": state.profile, "enabled": state.enabled,
                    "restricted": state.restricted, "since": state.since},
        "observed": {
            "presence": state.presence,
            "session": {
                "address": session.address or None, "caller_id": session.caller_id,
                "began_at": session.began_at, "seen_at": session.seen_at,
            } if session else None,
        },
        "confirmed_at": state.confirmed_at,
        "conflict_since": state.conflict_since,
        "trouble": state.trouble,
        "trouble_since": state.trouble_since,
    }  # fmt: skip
