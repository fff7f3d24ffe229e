"""Payments as screens and others read them."""

from __future__ import annotations

from datetime import date

from django.db.models import QuerySet, Sum

from waya.payments.models import Payment, Prompt


def payments(entity_id: int) -> QuerySet[Payment]:
    """An entity's payments, newest first."""
    return Payment.objects.filter(entity_id=entity_id).select_related("customer").order_by("-pk")


def suspense(entity_id: int) -> QuerySet[Payment]:
    """Money that has no customer yet, oldest first."""
    return Payment.objects.filter(entity_id=entity_id, customer=None).order_by("pk")


def payments_of_customer(customer_id: int) -> QuerySet[Payment]:
    """A customer's payments with what each settled, newest first."""
    return (
        Payment.objects.filter(customer_id=customer_id)
        .prefetch_related("allocations__invoice").order_by("-pk")
    )  # fmt: skip


def prompts_of(customer_id: int, *, limit: int = 10) -> list[Prompt]:
    """What a customer's phones were asked for, newest first."""
    return list(Prompt.objects.filter(customer_id=customer_id).order_by("-pk")[:limit])


def taken_minor(entity_id: int, *, on: date) -> int:
    """Money that counts from a day, in minor units."""
    rows = Payment.objects.filter(entity_id=entity_id, value_on=on)
    return rows.aggregate(sum=Sum("amount_minor"))["sum"] or 0
