"""Business choices of reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class DoctorPolicy:
    """How long things may stand before the doctor speaks."""

    policy_name: ClassVar[str] = "reports.doctor"

    suspense_days: int = 7
    waiting_seconds: int = 60
    unconfirmed_minutes: int = 15
