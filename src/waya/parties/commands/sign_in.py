"""Sign in by a code sent to a phone: whoever reads the phone is who it belongs to."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac

from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.phone import e164
from waya.messaging.commands import send_many
from waya.messaging.rules.words import Say
from waya.org.actors import Actor
from waya.org.models import Entity
from waya.parties.models import Contact, SignInCode

GOOD_FOR = timedelta(minutes=10)
TRIES = 5


@dataclass(frozen=True, slots=True)
class Limit:
    """So many codes within so long."""

    codes: int
    within: timedelta


# A phone that many people share an address with (a walled estate, a carrier's NAT) must still
# get its code, so the address may have many; the phone's owner must not be pestered.
BY_PHONE = (Limit(3, timedelta(minutes=10)), Limit(8, timedelta(days=1)))
BY_ADDRESS = (Limit(30, timedelta(minutes=10)),)


@transaction.atomic
def send_code(*, entity_id: int, phone_typed: str, address: str | None, by: Actor) -> str:
    """Send a code to a phone, and give the phone as E.164, to check the code with.

    A number that nobody has is answered the same: it is limited and kept alike, and no SMS
    goes out. Refuses `phone_unreadable` and `too_many_codes` with the `minutes` to wait.
    """
    by = by.must("parties.sign_in")
    entity = Entity.objects.get(pk=entity_id)
    phone = e164(phone_typed, entity.country)
    now = clock.real_now()
    _one_at_a_time(phone)
    _limit({"phone": phone}, BY_PHONE, now)
    if address:
        _limit({"address": address}, BY_ADDRESS, now)
    code = f"{secrets.randbelow(10**6):06d}"
    kept = SignInCode.objects.create(
        phone=phone, digest=_digest(phone, code), sent_at=now, expires_at=now + GOOD_FOR,
        tries_left=TRIES, address=address,
    )  # fmt: skip
    contact = (
        Contact.objects.filter(phone=phone, customer__entity_id=entity_id)
        .select_related("customer").order_by("pk").first()
    )  # fmt: skip
    if contact:
        say = Say(
            entity_id=entity_id, to=phone, key="code", language=contact.customer.language,
            values={"code": code}, once=f"code:{kept.pk}",
            customer_id=contact.customer_id,
        )  # fmt: skip
        send_many(says=[say], by=by)
    return phone


def check_code(*, entity_id: int, phone: str, code: str, by: Actor) -> list[Contact]:
    """The contacts that a phone belongs to, if the code is its latest and still good.

    Each wrong code costs one of five tries, also when it is one of two sent at once. Refuses
    `code_wrong`, whatever is wrong.
    """
    by.must("parties.sign_in")
    contacts = _spend_try(entity_id, phone, "".join(filter(str.isdigit, code)))
    if not contacts:
        raise Refused("code_wrong")
    return contacts


@transaction.atomic
def _spend_try(entity_id: int, phone: str, code: str) -> list[Contact]:
    """Count the try whether it is right or wrong: a refusal must not roll that back."""
    now = clock.real_now()
    latest = (
        SignInCode.objects.filter(phone=phone).order_by("-pk")
        .select_for_update(no_key=True, of=("self",)).first()
    )  # fmt: skip
    if latest is None or latest.used_at or latest.expires_at <= now or latest.tries_left < 1:
        return []
    right = constant_time_compare(latest.digest, _digest(phone, code))
    SignInCode.objects.filter(pk=latest.pk).update(
        tries_left=F("tries_left") - 1, used_at=now if right else None
    )
    if not right:
        return []
    mine = Contact.objects.filter(phone=phone, customer__entity_id=entity_id)
    mine.filter(verified_at=None).update(verified_at=now)
    return list(mine.select_related("customer").order_by("pk"))


def _digest(phone: str, code: str) -> str:
    """Keyed, because a million codes are soon tried on a plain hash."""
    return salted_hmac("waya.parties.sign_in", f"{phone}:{code}", algorithm="sha256").hexdigest()


def _one_at_a_time(phone: str) -> None:
    """Count and insert as one, for each phone; there may be no row yet to lock."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"code:{phone}"])


def _limit(who: dict[str, str], limits: tuple[Limit, ...], now: datetime) -> None:
    for limit in limits:
        sent = SignInCode.objects.filter(**who, sent_at__gt=now - limit.within)
        newest = list(sent.order_by("-sent_at").values_list("sent_at", flat=True)[: limit.codes])
        if len(newest) == limit.codes:
            wait = newest[-1] + limit.within - now
            raise Refused("too_many_codes", minutes=max(1, -(-wait // timedelta(minutes=1))))
