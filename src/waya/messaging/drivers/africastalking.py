"""Africa's Talking: SMS over their plain HTTP form, one request for one text to many telephones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from waya.messaging.drivers import Sms, SmsResult

PRODUCTION: Final = "https://api.africastalking.com"
SANDBOX: Final = "https://api.sandbox.africastalking.com"
# Telephones in one request; a lost answer leaves at most these in doubt.
_AT_ONCE: Final = 100
_ACCEPTED = frozenset({100, 101, 102})  # processed, sent, queued
_PASSING = frozenset({405, 500, 501, 502})  # no balance yet, or trouble on their side


@dataclass(frozen=True, slots=True)
class Credentials:
    """`sender` is a registered name or short code; empty takes the carrier's default."""

    username: str
    api_key: str = field(repr=False)
    sender: str = ""


class AfricasTalking:
    """A client for one account; safe to share between threads."""

    def __init__(
        self, credentials: Credentials, base_url: str = PRODUCTION, *, timeout_seconds: int = 20
    ) -> None:
        self._credentials = credentials
        headers = {"apiKey": credentials.api_key, "Accept": "application/json"}
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=timeout_seconds)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def send(self, messages: Sequence[Sms]) -> list[SmsResult]:
        """Hand over messages, equal texts together; one result each, in their order.

        A request whose answer was lost is not retryable: the people may have been told.
        """
        results: dict[int, SmsResult] = {}
        for positions in _batches(messages):
            batch = [messages[position] for position in positions]
            results.update(zip(positions, self._send_one_text(batch), strict=True))
        return [results[position] for position in range(len(messages))]

    def _send_one_text(self, batch: Sequence[Sms]) -> list[SmsResult]:
        form = {
            "username": self._credentials.username,
            "to": ",".join(message.to for message in batch),
            "message": batch[0].body,
            "bulkSMSMode": "1",
            "enqueue": "1",
        }
        if self._credentials.sender:
            form["from"] = self._credentials.sender
        try:
            response = self._http.post("/version1/messaging", data=form)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return _all(batch, f"unreachable: {error}", retryable=True)
        except httpx.HTTPError as error:
            return _all(batch, f"answer lost: {type(error).__name__}", retryable=False)
        if response.status_code not in (200, 201):
            reason = f"HTTP {response.status_code}: {response.text[:120]}"
            return _all(batch, reason, retryable=response.status_code in (429, 503))
        return _read(batch, response)


def _batches(messages: Sequence[Sms]) -> list[list[int]]:
    """Positions of messages that can share a request: one text, no telephone twice."""
    open_batches: dict[str, list[int]] = {}
    complete: list[list[int]] = []
    for position, message in enumerate(messages):
        batch = open_batches.setdefault(message.body, [])
        if len(batch) == _AT_ONCE or any(messages[other].to == message.to for other in batch):
            complete.append(batch)
            batch = open_batches[message.body] = []
        batch.append(position)
    return complete + list(open_batches.values())


def _read(batch: Sequence[Sms], response: httpx.Response) -> list[SmsResult]:
    try:
        answer = response.json(parse_float=str)["SMSMessageData"]
        by_number = {entry["number"]: entry for entry in answer["Recipients"]}
    except (ValueError, KeyError, TypeError):
        return _all(batch, "answer unreadable", retryable=False)
    overall = str(answer.get("Message", ""))
    return [_result(message, by_number.get(message.to), overall) for message in batch]


def _result(message: Sms, entry: dict[str, Any] | None, overall: str) -> SmsResult:
    """One telephone's part of the answer; one that is not listed was refused as a whole."""
    if entry is None:
        return SmsResult(message.reference, accepted=False, reason=overall or "not listed")
    written = str(entry.get("statusCode"))
    code = int(written) if written.isdecimal() else 0
    status = str(entry.get("status") or "")
    return SmsResult(
        message.reference,
        accepted=code in _ACCEPTED,
        provider_id=str(entry.get("messageId") or ""),
        cost_text=str(entry.get("cost") or "0"),
        reason="" if code in _ACCEPTED else f"{code} {status}",
        retryable=code in _PASSING,
    )


def _all(batch: Sequence[Sms], reason: str, *, retryable: bool) -> list[SmsResult]:
    return [
        SmsResult(message.reference, accepted=False, reason=reason, retryable=retryable)
        for message in batch
    ]
