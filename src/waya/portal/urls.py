"""Addresses of the portal, under `/my`: plain, without slashes at their ends."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from waya.portal.pages import (
    adding,
    bills,
    changing,
    help,
    home,
    joining,
    off,
    papers,
    paying,
    signing_in,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home),
    path("plans", joining.plans),
    path("join", joining.details),
    path("welcome", joining.welcome),
    path("sign-in", signing_in.sign_in),
    path("code", signing_in.code),
    path("code/again", signing_in.again),
    path("sign-out", signing_in.sign_out),
    path("choose/<int:contact>", signing_in.choose),
    path("pay", paying.pay),
    path("wait/<uuid:public_id>", paying.wait),
    path("wait/<uuid:public_id>/again", paying.again),
    path("plan", changing.change),
    path("add-ons", adding.add_ons, name="my_add_ons"),
    path("bills", bills.bills),
    path("bills/<uuid:public_id>", bills.invoice),
    path("pro-formas/<uuid:public_id>", bills.pro_forma),
    path("receipts/<uuid:public_id>", bills.receipt),
    path("bills/<uuid:public_id>/pdf", papers.document, {"kind": "invoice"}, name="my_bill_pdf"),
    path(
        "pro-formas/<uuid:public_id>/pdf",
        papers.document,
        {"kind": "pro_forma"},
        name="my_pro_forma_pdf",
    ),
    path(
        "credits/<uuid:public_id>/pdf",
        papers.document,
        {"kind": "credit_note"},
        name="my_credit_pdf",
    ),
    path(
        "receipts/<uuid:public_id>/pdf", papers.document, {"kind": "receipt"}, name="my_receipt_pdf"
    ),
    path("statement", papers.statement, name="my_statement"),
    path("login/<str:username>", home.password),
    path("off", off.off),
    path("help", help.help_page),
]
