"""Payments as screens and others read them."""

from __future__ import annotations

from django.db.models import QuerySet

from waya.payments.models import Payment


def suspense(entity_id: int) -> QuerySet[Payment]:
    """Money that has no customer yet, oldest first."""
    return Payment.objects.filter(entity_id=entity_id, customer=None).order_by("pk")


def payments_of_customer(customer_id: int) -> QuerySet[Payment]:
    """A customer's payments with what each settled, newest first."""
    return (
        Payment.objects.filter(customer_id=customer_id)
        .prefetch_related("allocations__invoice").order_by("-pk")
    )  # fmt: skip
