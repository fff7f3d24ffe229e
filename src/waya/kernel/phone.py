"""Telephone numbers as E.164, whatever a person typed."""

from __future__ import annotations

import phonenumbers

from waya.kernel.errors import Refused


def e164(typed: str, country: str) -> str:
    """Read a number as dialled in a country and give `+254700000418`.

    Refuses `phone_unreadable` when no number of that country's plan, or of the plan its
    prefix names, could look like this.
    """
    try:
        number = phonenumbers.parse(typed, country)
    except phonenumbers.NumberParseException as error:
        raise Refused("phone_unreadable", typed=typed) from error
    if not phonenumbers.is_possible_number(number):
        raise Refused("phone_unreadable", typed=typed)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def national(number: str) -> str:
    """A number as people of its country write it: `0700 000418`."""
    parsed = phonenumbers.parse(number)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
