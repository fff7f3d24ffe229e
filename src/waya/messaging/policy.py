"""Business choices of messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class MessagePolicy:
    """When people are left in peace, and how long a message is tried.

    Quiet hours are whole hours of the entity's day, half-open; equal ones are none. What is
    not urgent waits for their end.
    """

    policy_name: ClassVar[str] = "messaging.messages"

    quiet_from_hour: int = 21
    quiet_until_hour: int = 7
    tries: int = 8
