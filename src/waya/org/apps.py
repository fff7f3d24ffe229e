"""At start-up: business time learns where its offset is kept."""

from __future__ import annotations

from django.apps import AppConfig


class OrgConfig(AppConfig):
    name = "waya.org"
    label = "org"

    def ready(self) -> None:
        from waya.org import lab_clock

        lab_clock.install()
