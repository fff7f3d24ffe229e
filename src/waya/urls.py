"""Which surface answers which address."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("waya.api.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
]
