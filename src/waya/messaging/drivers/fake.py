"""A carrier that delivers into a list, for tests and for installations without SMS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from waya.messaging.drivers import Sms, SmsResult


class FakeSms:
    """Accepts everything, except telephones it was told to refuse (with their reason)."""

    def __init__(self, refusing: Mapping[str, str] | None = None) -> None:
        self.sent: list[Sms] = []
        self._refusing = refusing or {}

    def send(self, messages: Sequence[Sms]) -> list[SmsResult]:
        """Take each message, or refuse it for good."""
        return [self._take(message) for message in messages]

    def _take(self, message: Sms) -> SmsResult:
        reason = self._refusing.get(message.to)
        if reason is not None:
            return SmsResult(message.reference, accepted=False, reason=reason)
        self.sent.append(message)
        return SmsResult(
            message.reference, accepted=True, provider_id=f"fake-{len(self.sent)}", cost_text="0"
        )
