"""Which surface answers which address."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from waya.api.notifications import notification
from waya.portal.pages.home import home

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", include("waya.api.urls")),
    path("hk/<str:path>/<str:kind>", notification),
    path("my", home),
    path("my/", include("waya.portal.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("waya.console.urls")),
]
handler400 = "waya.console.errors.bad_request"
handler403 = "waya.console.errors.forbidden"
handler404 = "waya.console.errors.gone"
handler500 = "waya.console.errors.broken"
