"""Who a browser at the portal is: a signed cookie that names a proven phone and its contact.

No rows of ours to clean up, and none to read but the contact's own; the cookie dies with its
age, and at once when the contact's phone becomes another. See docs/decisions/0009.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from waya.org.actors import Actor, customer_actor
from waya.org.models import Entity
from waya.parties.models import Contact, Customer

COOKIE = "waya_my"
PATH = "/my"
SALT = "waya.portal.session"
# Phones are lent and sold; whoever joined just now has not yet proven that the phone is theirs.
PROVEN_FOR = timedelta(days=60)
JOINED_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Guest:
    """A customer's contact at the portal. Without `proven`, only this one customer is open."""

    contact: Contact
    proven: bool

    @property
    def customer(self) -> Customer:
        """Whose pages are shown."""
        return self.contact.customer

    @property
    def entity(self) -> Entity:
        """The company they are a customer of."""
        return self.contact.customer.entity

    @property
    def by(self) -> Actor:
        """The customer as the one who acts."""
        return customer_actor(self.customer.pk, self.contact.name, self.customer.entity_id)


def visitor(entity: Entity) -> Actor:
    """Whoever is at the portal and has not said who they are."""
    may = frozenset({"orders.join", "parties.sign_in", "payments.prompt"})
    return Actor("visitor", None, "Portal", may, entity.pk)


def begin(response: HttpResponse, contact: Contact, *, proven: bool) -> None:
    """Let this browser be a contact from now on."""
    value = signing.dumps(
        {"contact": contact.pk, "phone": contact.phone, "proven": proven}, salt=SALT
    )
    response.set_cookie(
        COOKIE,
        value,
        max_age=PROVEN_FOR if proven else JOINED_FOR,
        path=PATH,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )


def end(response: HttpResponse) -> None:
    """Forget who this browser was."""
    response.delete_cookie(COOKIE, path=PATH)


def guest_of(request: HttpRequest) -> Guest | None:
    """Who this browser is; None for a cookie that is missing, forged, old, or whose contact has
    another phone by now."""
    try:
        told = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=PROVEN_FOR)
        if not told["proven"]:
            signing.loads(request.COOKIES[COOKIE], salt=SALT, max_age=JOINED_FOR)
    except signing.BadSignature:
        return None
    contact = (
        Contact.objects.filter(pk=told["contact"], phone=told["phone"])
        .select_related("customer__entity")
        .first()
    )
    return Guest(contact, told["proven"]) if contact else None


def siblings(guest: Guest) -> list[Contact]:
    """The contacts, one for each customer, that the proven phone may choose among."""
    if not guest.proven:
        return [guest.contact]
    rows = Contact.objects.filter(
        phone=guest.contact.phone, customer__entity_id=guest.customer.entity_id
    )
    return list(
        rows.select_related("customer").order_by("customer_id", "pk").distinct("customer_id")
    )
