"""Branches of a company, and what the company is called on its documents."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.db import transaction

from waya.kernel.errors import Refused
from waya.kernel.phone import e164
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.models import Branch, Entity
from waya.org.queries import entity_of

# It stands in document numbers, `INV-NKR-000001`, where a dash ends it.
_CODE = re.compile(r"[A-Z0-9]{1,8}")
_NAMES = ("name", "legal_name", "tax_number", "phone", "address")


@transaction.atomic
def add_branch(*, entity_id: int, code: str, name: str, address: str = "", by: Actor) -> Branch:
    """Add a place of business: it numbers its documents itself, from 1, with its code in them, and
    they say its address, or the company's if it has none of its own.

    Refuses `branch_code_wrong` for anything but one to eight letters and digits,
    `branch_known` for a code that another branch has, and `name_missing`.
    """
    by = by.must("org.branch")
    code, name = code.strip().upper(), " ".join(name.split())
    if not _CODE.fullmatch(code):
        raise Refused("branch_code_wrong")
    if not name:
        raise Refused("name_missing")
    branch, fresh = Branch.objects.get_or_create(
        entity_id=entity_id, code=code, defaults={"name": name[:80], "address": _written(address)}
    )
    if not fresh:
        raise Refused("branch_known", branch=code)
    record_many(by, [Happened("branch.added", ("branch", branch.pk),
                              why={"code": code, "name": branch.name})])  # fmt: skip
    return branch


@transaction.atomic
def change_branch(*, entity_id: int, code: str, name: str, address: str, by: Actor) -> Branch:
    """Change what a branch is called and where it is. What it issues from now on says so; what it
    issued before stays as it was. Its code stays, since it stands in its numbers.

    Refuses `name_missing`.
    """
    by = by.must("org.branch")
    rows = Branch.objects.select_for_update(no_key=True, of=("self",))
    branch = rows.get(entity_id=entity_id, code=code)
    was = {"name": branch.name, "address": branch.address}
    branch.name, branch.address = " ".join(name.split())[:80], _written(address)
    if not branch.name:
        raise Refused("name_missing")
    branch.save(update_fields=list(was))
    if changed := _changed(branch, was):
        record_many(by, [Happened("branch.changed", ("branch", branch.pk), why=changed)])
    return branch


@transaction.atomic
def rename(
    *, entity_id: int, name: str, legal_name: str, tax_number: str, phone: str, address: str,
    by: Actor,
) -> Entity:  # fmt: skip
    """Change what a company is called, by whom it is taxed, where it is rung and written to. What
    it issues from now on says so; what it issued before stays as it was.

    Refuses `name_missing` and `phone_unreadable`.
    """
    by = by.must("org.rename")
    entity = Entity.objects.select_for_update(no_key=True, of=("self",)).get(pk=entity_id)
    was = {one: getattr(entity, one) for one in _NAMES}
    entity.name, entity.legal_name = " ".join(name.split())[:80], " ".join(legal_name.split())[:120]
    if not entity.name or not entity.legal_name:
        raise Refused("name_missing")
    entity.tax_number = "".join(tax_number.split()).upper()[:40]
    entity.phone = e164(phone, entity.country) if phone.strip() else ""
    entity.address = _written(address)
    entity.save(update_fields=_NAMES)
    entity_of.forget()
    if changed := _changed(entity, was):
        record_many(by, [Happened("entity.renamed", ("entity", entity.pk), why=changed)])
    return entity


def _changed(row: Branch | Entity, was: Mapping[str, str]) -> dict[str, list[str]]:
    """What it was and what it is, of whatever is another now."""
    now = {one: getattr(row, one) for one in was}
    return {one: [old, now[one]] for one, old in was.items() if old != now[one]}


def _written(address: str) -> str:
    """An address, a line for each of its lines, without what is too much between and after."""
    lines = (" ".join(line.split()) for line in address.splitlines())
    return "\n".join(line for line in lines if line)[:200]
