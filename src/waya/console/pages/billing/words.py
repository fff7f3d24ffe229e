"""What the pages of billing share: their tabs, and why somebody was not billed, in words."""

from __future__ import annotations

import re

from waya.console.pages.dunning.tabs import Place
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.words import REFUSALS, words

# As a refusal writes itself down: its code, then its details.
_CODE = re.compile(r"(?P<code>\w+)(?: \((?P<details>.*)\))?", re.DOTALL)
_DETAIL = re.compile(r"(\w+)=(.*?)(?=, \w+=|$)")


def tabs(here: str, by: Actor) -> list[Place]:
    """The places of billing that they may see, with the one that is open."""
    places = [Place("/billing", "The run", here == "run")]
    if by.can("billing.preview"):
        places.append(Place("/billing/rehearsal", "Rehearsal", here == "rehearsal"))
    if by.can("billing.fiscal"):
        places.append(Place("/billing/authority", "Tax authority", here == "authority"))
    return places


def because(reason: str) -> str:
    """A reason as it was written down, in words; what is no refusal of ours stays as it is."""
    told = _CODE.fullmatch(reason)
    if told is None or told["code"] not in REFUSALS:
        return reason
    details = dict(_DETAIL.findall(told["details"] or ""))
    try:
        return words(Refused(told["code"], **details))
    except KeyError:
        return reason
