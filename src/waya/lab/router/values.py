"""RouterOS's ways of writing values: durations, rates, yes and no, addresses, dates."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from datetime import datetime

_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1, "": 1}
_SPELLED = re.compile(r"(?:\d+[wdhms])*(?:\d+)?")
_PART = re.compile(r"(\d+)([wdhms]?)")
_CLOCK = re.compile(r"(?:(\d+)d)?(\d+):(\d\d):(\d\d)")
_RATE = re.compile(r"(\d+)([kMG]?)")
_SCALE = {"": 1, "k": 1_000, "M": 1_000_000, "G": 1_000_000_000}


class BadValue(Exception):
    """The router does not take this value."""


def written_duration(seconds: int) -> str:
    """`1w2d3h4m5s`, leaving out what is zero; nothing at all is `0s`."""
    parts = []
    for unit in "wdhms":
        count, seconds = divmod(seconds, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def read_duration(text: str) -> int:
    """Seconds from `1d2h`, `3600`, `3600s`, `1d02:03:04` or `none`. Raises BadValue."""
    if text in ("", "none"):
        return 0
    clock = _CLOCK.fullmatch(text)
    if clock:
        days, hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return days * 86400 + hours * 3600 + minutes * 60 + seconds
    if not _SPELLED.fullmatch(text):
        raise BadValue(text)
    return sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def read_truth(text: str) -> str:
    """`true` or `false`, as print shows them, from any spelling. Raises BadValue."""
    if text in ("yes", "true"):
        return "true"
    if text in ("no", "false"):
        return "false"
    raise BadValue(text)


def check_rate(text: str) -> str:
    """A rate limit as typed, if RouterOS would take it. Raises BadValue.

    `rx[/tx] [burst [threshold [time [priority [min]]]]]`.
    """
    words = text.split()
    if len(words) > 6:
        raise BadValue(text)
    for position, word in enumerate(words):
        halves = word.split("/")
        plain = position in (3, 4)  # seconds, and the priority
        if len(halves) > 2 or not all(_fits(half, plain) for half in halves):
            raise BadValue(text)
    return text


def max_limit(rate_limit: str) -> str:
    """What a dynamic queue shows of a rate limit: plain whole numbers, `5000000/10000000`."""
    first = rate_limit.split()[0] if rate_limit else "0"
    upload, _, download = first.partition("/")
    return f"{_bits(upload)}/{_bits(download or upload)}"


def addresses(ranges: str) -> Iterator[str]:
    """Every address of a pool's ranges, `10.0.0.2-10.0.0.254,10.0.1.0/24`. Raises BadValue."""
    for part in ranges.split(","):
        first, _, last = part.strip().partition("-")
        try:
            if "/" in first:
                network = ipaddress.IPv4Network(first, strict=False)
                low, high = int(network[0]), int(network[-1])
            else:
                low = int(ipaddress.IPv4Address(first))
                high = int(ipaddress.IPv4Address(last)) if last else low
        except ValueError as error:
            raise BadValue(ranges) from error
        for number in range(low, high + 1):
            yield str(ipaddress.IPv4Address(number))


def is_address(text: str) -> bool:
    """Is it one IPv4 address?"""
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def written_moment(moment: datetime, version: tuple[int, int]) -> str:
    """A date and time as this version writes them; 7.10 went over to ISO dates."""
    if version >= (7, 10):
        return f"{moment:%Y-%m-%d %H:%M:%S}"
    return f"{moment:%b/%d/%Y %H:%M:%S}".lower()


def _fits(text: str, plain: bool) -> bool:
    return text.isdigit() if plain else _RATE.fullmatch(text) is not None


def _bits(text: str) -> int:
    match = _RATE.fullmatch(text)
    return int(match[1]) * _SCALE[match[2]] if match else 0
