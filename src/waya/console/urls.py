"""The addresses of the console: plain nouns, stable, without a slash at the end."""

from __future__ import annotations

from django.urls import path

from waya.console import sign_in
from waya.console.pages import (
    approvals,
    collections,
    customers,
    invoices,
    joining,
    network,
    payments,
    pieces,
    plans,
    search,
    settings,
    taking,
    today,
)
from waya.console.pages.books import journal, periods
from waya.console.pages.documents import credits, printed
from waya.console.pages.dunning import deciding, lists, tonight

urlpatterns = [
    path("sign-in", sign_in.SignIn.as_view(), name="account_login"),
    path("sign-out", sign_in.sign_out, name="account_logout"),
    path("", today.today, name="today"),
    path("search", search.search, name="search"),
    path("customers", customers.register, name="customers"),
    path("customers/new", joining.join, name="join"),
    path("customers/<str:account>", customers.record, name="customer"),
    path("customers/<str:account>/statement", printed.statement, name="statement"),
    path("customers/<str:account>/statement.pdf", printed.statement_pdf, name="statement_pdf"),
    path("customers/<str:account>/pay", taking.cash, name="customer_cash"),
    path("customers/<str:account>/prompt", taking.prompt, name="customer_prompt"),
    path("payments", payments.listed, name="payments"),
    path("payments/cash", taking.cash, name="cash"),
    path("payments/prompt", taking.prompt, name="prompt"),
    path("payments/<str:receipt>.pdf", printed.receipt, name="receipt_pdf"),
    path("payments/<str:receipt>", payments.payment, name="payment"),
    path("payments/<str:receipt>/match", payments.match, name="match"),
    path("invoices", invoices.listed, name="invoices"),
    path("invoices/<str:number>.pdf", printed.invoice, name="invoice_pdf"),
    path("invoices/<str:number>/credit", credits.give_back, name="give_back"),
    path("invoices/<str:number>", invoices.invoice, name="invoice"),
    path("pro-formas/<str:number>.pdf", printed.pro_forma, name="pro_forma_pdf"),
    path("credit-notes/<str:number>.pdf", printed.credit_note, name="credit_note_pdf"),
    path("credit-notes/<str:number>", credits.page, name="credit_note"),
    path("collections", collections.listed, name="collections"),
    path("collections/tonight", tonight.tonight, name="tonight"),
    path("collections/promises", lists.promised, name="promises"),
    path("collections/calls", lists.calls, name="calls"),
    path("collections/calls/<int:follow_up_id>", lists.called, name="called"),
    path("customers/<str:account>/promise", deciding.promising, name="customer_promise"),
    path("invoices/<str:number>/dispute", deciding.disputing, name="dispute"),
    path("invoices/<str:number>/dispute/close", deciding.settling, name="dispute_close"),
    path("invoices/<str:number>/write-off", deciding.losing, name="write_off"),
    path("books", journal.books, name="books"),
    path("books/<int:entry_id>", journal.entry, name="entry"),
    path("books/periods/<str:start>", periods.period, name="period"),
    path("online", network.online, name="online"),
    path("routers", network.routers, name="routers"),
    path("routers/new", network.add, name="router_new"),
    path("routers/<str:name>", network.router, name="router"),
    path("routers/<str:name>/read", network.read_now, name="read_now"),
    path("plans", plans.listed, name="plans"),
    path("plans/new", plans.add, name="plan_new"),
    path("plans/<str:code>", plans.price, name="plan_price"),
    path("approvals", approvals.listed, name="approvals"),
    path("approvals/<int:approval_id>", approvals.decide, name="decide"),
    path("settings/business", settings.business, name="settings"),
    path("pieces", pieces.living, name="pieces"),
]
