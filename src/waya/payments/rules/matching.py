"""Whose money is it? What the payer typed, made comparable, and candidates with their evidence.

Nothing here decides: an exact account is found by a query on `normalise`, everything less becomes
a suggestion for a person, with what speaks for it and against it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from string import digits

from waya.kernel import ids


class Likelihood(StrEnum):
    """A score in words, since a percentage would pretend to know."""

    VERY_LIKELY = "very_likely"
    POSSIBLE = "possible"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a customer who may be meant. Telephones are E.164, amounts minor units.

    `aliases` are usernames, old numbers and the like; `earlier_payers` telephones, perhaps
    masked, that have paid for this customer before; `usual_minor` what is paid as a rule.
    """

    customer_id: int
    account_number: str
    name: str
    phones: Sequence[str] = ()
    aliases: Sequence[str] = ()
    earlier_payers: Sequence[str] = ()
    owed_minor: int = 0
    usual_minor: int = 0
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason, as a code that a screen puts into words, with the value that it is about."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer who may be meant. `points` only orders; people are shown the likelihood."""

    customer_id: int
    account_number: str
    likelihood: Likelihood
    points: int
    evidence_for: tuple[Evidence, ...]
    evidence_against: tuple[Evidence, ...]


# How much each reason weighs. One alone never makes 50; two independent ones may.
_WEIGHT = {
    "account_exact": 100,
    "alias_exact": 60,
    "phone_typed": 45,
    "digits_swapped": 40,
    "digit_wrong": 40,
    "digit_missing": 40,
    "digit_extra": 40,
    "account_close": 15,
    "phone_fits": 45,
    "paid_before": 40,
    "phone_end_fits": 25,
    "name_fits": 25,
    "name_typed": 20,
    "first_name_fits": 10,
    "amount_owed": 15,
    "amount_usual": 10,
    # A typed number that passes its own check digit is hardly a slip for another one.
    "typed_number_valid": -30,
    "phone_differs": -5,
    "name_differs": -5,
    "ended": -20,
    "owes_nothing": 0,
    "amount_differs": 0,
}
_WORTH_SHOWING = 5
_CONVINCING = 50
_WORDS_BEFORE = re.compile(r"^(?:ACCOUNT|ACCT|ACC|AC)(?:NUMBER|NO)?(?=\d)")


def normalise(typed: str) -> str:
    """What a person typed as account, made comparable: `a/c 100-001 4` is `1000014`.

    Capitals, letters and digits only, and a leading "account" in front of a digit is dropped.
    Doing it twice changes nothing.
    """
    kept = ids.normal(unicodedata.normalize("NFKC", typed))
    return _WORDS_BEFORE.sub("", "".join(letter for letter in kept if letter.isascii()))


def near_accounts(typed: str) -> list[str]:
    """Every account number that could have been issued and is one slip away from what was typed.

    A slip is one digit wrong, missing or too many, or two neighbours swapped. There are some
    fifteen, so that a query can look for the few that exist.
    """
    number = normalise(typed)
    if not (number.isdigit() and 4 <= len(number) <= 12):
        return []
    cuts = [(number[:at], number[at:]) for at in range(len(number) + 1)]
    near = {left + right[1:] for left, right in cuts if right}
    near |= {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    near |= {left + digit + right[1:] for left, right in cuts if right for digit in digits}
    near |= {left + digit + right for left, right in cuts for digit in digits}
    return sorted(candidate for candidate in near - {number} if ids.check_digit_ok(candidate))


def distance(left: str, right: str) -> int:
    """Edits between two texts: insert, delete, replace, and swap of neighbours, each as one.

    The optimal string alignment distance: no part is edited twice.
    """
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, letter in enumerate(left, start=1):
        before, above, row = row, before, [i]
        for j, other in enumerate(right, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == right[j - 2] and left[i - 2] == other:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
    return row[-1]


def suggestions(
    *, typed: str, payer: str, payer_name: str, amount_minor: int, customers: Iterable[Known]
) -> list[Candidate]:
    """Customers who may be meant, best first; who has nothing in favour is left out.

    `customers` should come from a query (near accounts, telephones, names), not be everybody.
    """
    found = []
    for customer in customers:
        reasons = [
            *_about_account(normalise(typed), customer),
            *_about_phone(payer, customer),
            *_about_name(typed, payer_name, customer),
            *_about_amount(amount_minor, customer),
        ]
        points = sum(_WEIGHT[reason.code] for reason in reasons)
        in_favour = tuple(reason for reason in reasons if _WEIGHT[reason.code] > 0)
        against = tuple(reason for reason in reasons if _WEIGHT[reason.code] <= 0)
        if points < _WORTH_SHOWING or all(r.code.startswith("amount") for r in in_favour):
            continue
        convincing = points >= _CONVINCING and not customer.ended
        likelihood = Likelihood.VERY_LIKELY if convincing else Likelihood.POSSIBLE
        number = customer.account_number
        found.append(
            Candidate(customer.customer_id, number, likelihood, points, in_favour, against)
        )
    return sorted(found, key=lambda candidate: (-candidate.points, candidate.customer_id))


def phone_fits(payer: str, phone: str) -> bool:
    """Whether a payer as M-Pesa shows it can be this telephone (E.164).

    Takes it in clear, masked (`2547 ***** 126`) and as the SHA-256 that the first version of
    the interface sends.
    """
    number = _digits(phone)
    if re.fullmatch(r"[0-9a-fA-F]{64}", payer):
        return sha256(number.encode()).hexdigest() == payer.lower()
    if "*" not in payer:
        return bool(number) and _digits(payer) == number
    start, end = _digits(payer[: payer.index("*")]), _digits(payer[payer.rindex("*") :])
    return len(end) >= 2 and number.startswith(start) and number.endswith(end)


def _about_account(typed: str, customer: Known) -> list[Evidence]:
    account = customer.account_number
    reasons = []
    if typed == account:
        reasons.append(Evidence("account_exact", account))
    elif typed and typed in [normalise(alias) for alias in customer.aliases]:
        reasons.append(Evidence("alias_exact", typed))
    elif len(typed) >= 9 and any(_is_typed_phone(typed, phone) for phone in customer.phones):
        reasons.append(Evidence("phone_typed", typed))
    elif len(typed) >= 4 and (apart := distance(typed, account)) <= 2:
        reasons.append(Evidence(_slip(typed, account) if apart == 1 else "account_close", account))
        if ids.check_digit_ok(typed):
            reasons.append(Evidence("typed_number_valid", typed))
    if customer.ended:
        reasons.append(Evidence("ended"))
    return reasons


def _slip(typed: str, account: str) -> str:
    if len(typed) == len(account):
        return "digits_swapped" if sorted(typed) == sorted(account) else "digit_wrong"
    return "digit_missing" if len(typed) < len(account) else "digit_extra"


def _about_phone(payer: str, customer: Known) -> list[Evidence]:
    if not payer:
        return []
    exact = "*" not in payer
    if any(phone_fits(payer, phone) for phone in customer.phones):
        return [Evidence("phone_fits" if exact else "phone_end_fits", payer)]
    if payer in customer.earlier_payers:
        return [Evidence("paid_before", payer)]
    return [Evidence("phone_differs", payer)] if customer.phones else []


def _about_name(typed: str, payer_name: str, customer: Known) -> list[Evidence]:
    own, paying = _words(customer.name), _words(payer_name)
    reasons = []
    shared = own & paying
    if len(shared) >= 2 or (shared and shared == own):
        reasons.append(Evidence("name_fits", payer_name))
    elif shared:
        reasons.append(Evidence("first_name_fits", payer_name))
    elif paying:
        reasons.append(Evidence("name_differs", payer_name))
    if own & _words(typed):
        reasons.append(Evidence("name_typed", typed))
    return reasons


def _about_amount(amount_minor: int, customer: Known) -> list[Evidence]:
    shown = str(amount_minor)
    reasons = []
    if amount_minor == customer.owed_minor:
        reasons.append(Evidence("amount_owed", shown))
    elif amount_minor == customer.usual_minor:
        reasons.append(Evidence("amount_usual", shown))
    elif customer.usual_minor:
        reasons.append(Evidence("amount_differs", str(customer.usual_minor)))
    if customer.owed_minor <= 0:
        reasons.append(Evidence("owes_nothing"))
    return reasons


def _is_typed_phone(typed: str, phone: str) -> bool:
    """`0712345678`, `712345678` and `254712345678` are one telephone."""
    return (
        typed.isdigit()
        and len(typed.lstrip("0")) >= 9
        and _digits(phone).endswith(typed.lstrip("0"))
    )


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isascii() and letter.isdigit())


def _words(name: str) -> frozenset[str]:
    """A name's words without accents or case; initials say too little."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return frozenset(re.findall(r"[^\W\d_]{2,}", re.sub(r"[\u0300-\u036f]", "", plain)))
