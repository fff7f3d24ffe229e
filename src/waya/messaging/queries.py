"""Reads of messages that others use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Count, Min, Q, QuerySet

from waya.kernel import clock
from waya.messaging.models import Gateway, Message, Template
from waya.messaging.policy import MessagePolicy
from waya.messaging.rules import words
from waya.org.models import Entity, Policy
from waya.org.policy import from_row


@dataclass(frozen=True, slots=True)
class Outbox:
    """What an entity's outbox holds: how much waits, since when, and what failed."""

    waiting: int
    oldest: datetime | None
    failed: int
    has_gateway: bool


@dataclass(frozen=True, slots=True)
class Sendable:
    """A gateway with something to send, and whether only what is urgent may go now."""

    gateway: Gateway
    policy: MessagePolicy
    urgent_only: bool


def outbox(entity_id: int, *, failed_since: datetime) -> Outbox:
    """What an entity's outbox holds, and how many messages failed since a real moment."""
    counted = Message.objects.filter(entity_id=entity_id).aggregate(
        waiting=Count("pk", filter=Q(state=Message.WAITING)),
        oldest=Min("created_at", filter=Q(state=Message.WAITING)),
        failed=Count("pk", filter=Q(state=Message.FAILED, created_at__gte=failed_since)),
    )
    has_gateway = Gateway.objects.filter(entity_id=entity_id).exists()
    return Outbox(has_gateway=has_gateway, **counted)


def sendable() -> list[Sendable]:
    """Each entity's gateway, with what the hour of its day allows."""
    gateways = list(Gateway.objects.select_related("entity").order_by("pk"))
    rows = {
        row.entity_id: row.chosen for row in Policy.objects.filter(name=MessagePolicy.policy_name)
    }
    found = []
    for gateway in gateways:
        policy = from_row(MessagePolicy, rows.get(gateway.entity_id, {}))
        hour = clock.now().astimezone(ZoneInfo(gateway.entity.zone)).hour
        is_quiet = words.quiet(hour, start=policy.quiet_from_hour, end=policy.quiet_until_hour)
        found.append(Sendable(gateway, policy, urgent_only=is_quiet))
    return found


def due(one: Sendable, *, at: datetime) -> QuerySet[Message]:
    """Messages that a gateway may send at a real moment, urgent ones first, then oldest."""
    rows = Message.objects.filter(
        Q(leased_until=None) | Q(leased_until__lte=at),
        entity_id=one.gateway.entity_id,
        state=Message.WAITING,
        next_try_at__lte=at,
    )
    if one.urgent_only:
        rows = rows.filter(urgent=True)
    return rows.order_by("-urgent", "next_try_at")


def anything_due(*, at: datetime) -> bool:
    """Whether any gateway has something to send at a real moment."""
    return any(due(one, at=at).exists() for one in sendable())


def own_words(entity_ids: Iterable[int]) -> dict[int, dict[tuple[str, str], str]]:
    """The words of entities that say things their own way, by (key, language)."""
    found: dict[int, dict[tuple[str, str], str]] = {}
    for row in Template.objects.filter(entity_id__in=set(entity_ids)):
        found.setdefault(row.entity_id, {})[row.key, row.language] = row.body
    return found


def from_entities(entity_ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """What every text may name of its entity."""
    return {
        entity.pk: {"isp": entity.name, "paybill": entity.paybill}
        for entity in Entity.objects.filter(pk__in=set(entity_ids))
    }
