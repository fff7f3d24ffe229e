"""Branches of the company, and whose customers are whose."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from ninja import Field, Router, Schema, Status
from ninja.decorators import decorate_view

from waya.api.customers import CustomerShown, customers, shown
from waya.api.door import REFUSALS, WRITES, Caller, entity_id
from waya.api.lists import Line, Lines, Short, one
from waya.api.once import HEADER, once
from waya.org.commands.branches import add_branch
from waya.org.models import Branch
from waya.org.queries import branch_of, branches_of
from waya.parties.commands.customers import choose_branch

router = Router(tags=["branches"])


class BranchShown(Schema):
    """A place of business. Its `code` stands in the numbers of what it issues, but for the
    `main` one's. Documents say its `address`, or the company's where it has none."""

    code: str
    name: str
    address: str
    main: bool


class BranchWished(Schema):
    """A branch to add: a code of one to eight letters and digits, for good."""

    code: Annotated[str, Field(min_length=1, max_length=8, pattern=r"^[A-Za-z0-9]+$")]
    name: Annotated[Line, Field(max_length=80)]
    address: Lines = ""


class BranchChosen(Schema):
    """A branch by its code."""

    branch: Short


@router.get("/branches", response={200: list[BranchShown], **REFUSALS})
def list_branches(request: Caller) -> list[dict[str, Any]]:
    """All branches, the main one first."""
    by = request.auth.must("customers.view")
    return [_shown(branch) for branch in branches_of(entity_id(by))]


@router.post("/branches", response={201: BranchShown, **WRITES}, openapi_extra=HEADER)
@decorate_view(once)
def create_branch(request: Caller, wished: BranchWished) -> Status[dict[str, Any]]:
    """Add a branch: its documents are numbered from 1."""
    by = request.auth
    branch = add_branch(entity_id=entity_id(by), code=wished.code, name=wished.name,
                        address=wished.address, by=by)  # fmt: skip
    return Status(201, _shown(branch))


@router.post(
    "/customers/{uuid:id}/branch", response={200: CustomerShown, **WRITES}, openapi_extra=HEADER
)
@decorate_view(once)
def choose_customer_branch(request: Caller, id: UUID, chosen: BranchChosen) -> dict[str, Any]:
    """Move a customer to a branch: what is issued to them from now on has its numbers."""
    by = request.auth.must("parties.branch")
    customer = one(customers(by), id)
    branch = branch_of(entity_id(by), chosen.branch)
    choose_branch(customer_id=customer.pk, branch_id=branch.pk, by=by)
    return shown([one(customers(by), id)])[0]


def _shown(branch: Branch) -> dict[str, Any]:
    return {"code": branch.code, "name": branch.name, "address": branch.address,
            "main": branch.main}  # fmt: skip
