"""Reports own no tables; as an application they carry the indexes that reads need."""

from __future__ import annotations

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "waya.reports"
    label = "reports"
