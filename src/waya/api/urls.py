"""Addresses of the API, under `/api/`, and of providers' call-backs, under `/hk/`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.csrf import csrf_exempt

from waya.api import (
    billing,
    customers,
    dunning,
    invoices,
    payments,
    routers,
    runs,
    sales,
    taxes,
)
from waya.api.collections import disputes, follow_ups, ladder, promises
from waya.api.company import authority, branches, exemptions
from waya.api.documents import credit_notes, papers
from waya.api.door import api, problem
from waya.api.plans import add_ons, adding, changes, promotions, selling, versions

for resource in (billing, runs, dunning, sales, selling, versions, changes, adding, customers,
                 invoices, promotions, promises, disputes, follow_ups, ladder,
                 credit_notes, papers, payments, routers, taxes, add_ons):  # fmt: skip
    api.add_router("", resource.router)
for resource in (branches, exemptions, authority):
    api.add_router("", resource.router)


@csrf_exempt
def _missing(request: HttpRequest) -> HttpResponse:
    return problem(404, "missing", "There is nothing at this address.")


urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", api.urls),
    re_path("^.*$", _missing),
]
