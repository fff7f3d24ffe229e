"""Customers and their sites."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from ninja import Field, Query, Router, Schema, Status
from ninja.decorators import decorate_view

from waya.api.door import REFUSALS, WRITES, Caller, entity_id, here
from waya.api.lists import Going, Line, Page, Short, Words, narrowed, one, page
from waya.api.once import HEADER, once
from waya.kernel import ids
from waya.org.actors import Actor
from waya.org.queries import branch_of, visible_to
from waya.parties.commands.customers import register
from waya.parties.commands.tags import tag
from waya.parties.models import Contact, Customer, Site
from waya.reports.queries.search import customers_matching

router = Router(tags=["customers"])

_MOST_FOUND = 500


class ContactShown(Schema):
    """A person of a customer."""

    id: UUID
    name: str
    phone: str
    primary: bool
    verified_at: datetime | None


class SiteShown(Schema):
    """A place of service."""

    id: UUID
    customer: UUID
    name: str
    directions: str


class CustomerShown(Schema):
    """Who pays. `account_number` is what they type at the paybill; `branch` is the code of the
    one that numbers their documents."""

    id: UUID
    account_number: str
    account_shown: str
    name: str
    language: str
    branch: str
    tax_number: str
    created_at: datetime
    tags: list[str]
    contacts: list[ContactShown]
    sites: list[SiteShown]


class Tagged(Schema):
    """All the tags that a customer is to have: words of the company's own."""

    tags: Annotated[list[Short], Field(max_length=20)]


class CustomerWished(Schema):
    """A customer to register, with a first contact and site, at the main branch unless another
    is named by its code."""

    name: Line
    phone: Short
    site_name: Line
    directions: Words = ""
    language: Literal["en", "sw"] = "en"
    branch: Short | None = None


class Finding(Going):
    """`q` is the beginning of names, an account number, a phone, a username, an address or a
    receipt, as in the console's search; a slip is forgiven when nothing else is found."""

    q: Short | None = None


def customers(by: Actor) -> QuerySet[Customer]:
    """The customers that an actor sees."""
    return visible_to(by, Customer.objects.select_related("branch")).prefetch_related(
        Prefetch("contacts", Contact.objects.order_by("-primary", "pk")),
        Prefetch("sites", Site.objects.order_by("pk")),
    )


def shown(rows: list[Customer]) -> list[dict[str, Any]]:
    """Customers as they are answered."""
    return [
        {
            "id": row.public_id,
            "account_number": row.account_number,
            "account_shown": ids.in_threes(row.account_number),
            "name": row.name,
            "language": row.language,
            "branch": row.branch.code,
            "tax_number": row.tax_number,
            "created_at": row.created_at,
            "tags": row.tags,
            "contacts": [
                {"id": contact.public_id, "name": contact.name, "phone": contact.phone,
                 "primary": contact.primary, "verified_at": contact.verified_at}
                for contact in row.contacts.all()
            ],
            "sites": [_site(site, row.public_id) for site in row.sites.all()],
        }
        for row in rows
    ]  # fmt: skip


def _site(site: Site, customer: UUID) -> dict[str, Any]:
    return {"id": site.public_id, "customer": customer, "name": site.name,
            "directions": site.directions}  # fmt: skip


@router.get("/customers", response={200: Page[CustomerShown], **REFUSALS})
def list_customers(request: Caller, finding: Query[Finding]) -> dict[str, Any]:
    """Customers, newest first; with `q` those found by it."""
    by = request.auth.must("customers.view")
    rows = customers(by)
    if finding.q:
        country = here(by).country
        found = customers_matching(entity_id(by), country, finding.q, limit=_MOST_FOUND)
        rows = rows.filter(pk__in=found)
    return page(rows, finding, shown)


@router.post(
    "/customers", response={201: CustomerShown, **WRITES}, openapi_extra=HEADER
)  # fmt: skip
@decorate_view(once)
def create_customer(request: Caller, wished: CustomerWished) -> Status[dict[str, Any]]:
    """Register a customer and give them an account number; nothing is sold yet."""
    by = request.auth
    branch = branch_of(entity_id(by), wished.branch) if wished.branch else None
    customer, _ = register(
        entity_id=entity_id(by), name=wished.name, phone=wished.phone, site_name=wished.site_name,
        directions=wished.directions, language=wished.language,
        branch_id=branch.pk if branch else None, by=by,
    )  # fmt: skip
    return Status(201, shown([one(customers(by), customer.public_id)])[0])


@router.get("/customers/{uuid:id}", response={200: CustomerShown, **REFUSALS})
def get_customer(request: Caller, id: UUID) -> dict[str, Any]:
    """One customer."""
    return shown([one(customers(request.auth.must("customers.view")), id)])[0]


@router.post(
    "/customers/{uuid:id}/tags", response={200: CustomerShown, **WRITES}, openapi_extra=HEADER
)
@decorate_view(once)
def tag_customer(request: Caller, id: UUID, tagged: Tagged) -> dict[str, Any]:
    """Give a customer these tags and no others; they are kept in small letters, each once."""
    by = request.auth.must("parties.tag")
    customer = one(customers(by), id)
    tag(customer_id=customer.pk, tags=tagged.tags, by=by)
    return shown([one(customers(by), id)])[0]


@router.get("/sites", response={200: Page[SiteShown], **REFUSALS})
def list_sites(request: Caller, going: Query[Going], customer: UUID | None = None) -> Any:
    """Sites, newest first; with `customer` those of one."""
    by = request.auth.must("customers.view")
    rows = visible_to(by, Site.objects.select_related("customer"), entity="customer__entity_id")
    rows = narrowed(rows, customer__public_id=customer)
    return page(rows, going, lambda sites: [_site(one, one.customer.public_id) for one in sites])


@router.get("/sites/{uuid:id}", response={200: SiteShown, **REFUSALS})
def get_site(request: Caller, id: UUID) -> dict[str, Any]:
    """One site."""
    by = request.auth.must("customers.view")
    rows = visible_to(by, Site.objects.select_related("customer"), entity="customer__entity_id")
    site = one(rows, id)
    return _site(site, site.customer.public_id)
