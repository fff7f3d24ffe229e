"""What we say by SMS, in English and Swahili, and how sums and days are written in it.

Each text is one part of an SMS for usual values. `{isp}` and `{paybill}` are the entity's and
filled in by the outbox; whoever says something gives the other values as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from string import Formatter
from typing import Final

from waya.kernel.money import Money
from waya.messaging.rules.segments import sanitised

ENGLISH, SWAHILI = "en", "sw"
FROM_ENTITY: Final = frozenset({"isp", "paybill"})


@dataclass(frozen=True, slots=True)
class Say:
    """Something to tell a phone (E.164): a text by its key, in a language, with its values.

    `once` names the event that is told, such as `paid:17`: an entity says it once.
    """

    entity_id: int
    to: str
    key: str
    language: str
    values: Mapping[str, str] = field(default_factory=dict)
    once: str = ""
    customer_id: int | None = None


# These wait for morning; everything else is answered to somebody who is awake.
NOT_URGENT: Final = frozenset({"reminder", "renewal", "blocked", "last_notice", "late_fee"})

TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    "welcome": {
        ENGLISH: "Welcome to {isp}, {name}. Paid to {until}. Account {account}, "
        "login {username}. To pay: paybill {paybill}.",
        SWAHILI: "Karibu {isp}, {name}. Umelipa hadi {until}. Akaunti {account}, "
        "jina la kuingia {username}. Kulipa: paybill {paybill}.",
    },
    "paid": {
        ENGLISH: "Thank you {name}, we received {amount} ({receipt}). "
        "You are online until {until}. {isp}",
        SWAHILI: "Asante {name}, tumepokea {amount} ({receipt}). Uko mtandaoni hadi {until}. {isp}",
    },
    "received": {
        ENGLISH: "Thank you {name}, we received {amount} ({receipt}) for account {account}. {isp}",
        SWAHILI: "Asante {name}, tumepokea {amount} ({receipt}) kwa akaunti {account}. {isp}",
    },
    "restored": {
        ENGLISH: "You are back online, {name}. We received {amount} ({receipt}). "
        "Paid to {until}. {isp}",
        SWAHILI: "Umerudi mtandaoni, {name}. Tumepokea {amount} ({receipt}). "
        "Umelipa hadi {until}. {isp}",
    },
    "back": {
        ENGLISH: "You are back online, {name}. We received {amount} ({receipt}). {isp}",
        SWAHILI: "Umerudi mtandaoni, {name}. Tumepokea {amount} ({receipt}). {isp}",
    },
    "short": {
        ENGLISH: "We received {amount} ({receipt}). {missing} more is needed. "
        "Paybill {paybill}, account {account}. {isp}",
        SWAHILI: "Tumepokea {amount} ({receipt}). Bado {missing} inahitajika. "
        "Paybill {paybill}, akaunti {account}. {isp}",
    },
    "renewal": {
        ENGLISH: "{name}, {amount} renews {plan} from {due}. "
        "Paybill {paybill}, account {account}. {isp}",
        SWAHILI: "{name}, {amount} inaendeleza {plan} kuanzia {due}. "
        "Paybill {paybill}, akaunti {account}. {isp}",
    },
    "reminder": {
        ENGLISH: "{amount} is due on {due}. Paybill {paybill}, account {account}. {isp}",
        SWAHILI: "{amount} inatakiwa {due}. Paybill {paybill}, akaunti {account}. {isp}",
    },
    "blocked": {
        ENGLISH: "{off}: {amount} was due {due}. Paybill {paybill}, "
        "account {account}. You are back within seconds of paying.",
        SWAHILI: "{off}: {amount} ilipaswa kulipwa {due}. Paybill {paybill}, "
        "akaunti {account}. Ukilipa utarudi mara moja.",
    },
    "last_notice": {
        ENGLISH: "Last notice: {amount} was due {due}. Pay now to stay online. "
        "Paybill {paybill}, account {account}. {isp}",
        SWAHILI: "Ilani ya mwisho: {amount} ilipaswa {due}. Lipa sasa ubaki mtandaoni. "
        "Paybill {paybill}, akaunti {account}. {isp}",
    },
    "late_fee": {
        ENGLISH: "A late fee of {amount} was added, due {due}. "
        "Paybill {paybill}, account {account}. {isp}",
        SWAHILI: "Faini ya kuchelewa ya {amount} imeongezwa, ilipwe {due}. "
        "Paybill {paybill}, akaunti {account}. {isp}",
    },
    "wrong_account": {
        ENGLISH: "We have your {amount} ({receipt}), but no account {typed}. "
        "Reply with your account number. {isp}",
        SWAHILI: "Tumepokea {amount} ({receipt}), lakini hakuna akaunti {typed}. "
        "Jibu kwa nambari ya akaunti yako. {isp}",
    },
    "prompt_refused": {
        ENGLISH: "Not paid: {amount} was cancelled on the phone. Send it again, "
        "or use paybill {paybill}, account {account}. {isp}",
        SWAHILI: "Haijalipwa: {amount} ilikataliwa kwenye simu. Tuma tena, "
        "au tumia paybill {paybill}, akaunti {account}. {isp}",
    },
    "too_little": {
        ENGLISH: "Not paid: there is less than {amount} in M-PESA. Nothing was taken. "
        "Paybill {paybill}, account {account}. {isp}",
        SWAHILI: "Haijalipwa: salio la M-PESA halifiki {amount}. Hakuna pesa iliyochukuliwa. "
        "Paybill {paybill}, akaunti {account}. {isp}",
    },
    "router_away": {
        ENGLISH: "We have your {amount}. The {place} mast is off since {since}; "
        "you are back when it is. {isp}",
        SWAHILI: "Tumepokea {amount} zako. Mnara wa {place} umezimika tangu {since}; "
        "utarudi ukiwaka. {isp}",
    },
    "code": {
        ENGLISH: "{code} is your code for {isp}. It is good for 10 minutes. Give it to nobody.",
        SWAHILI: "{code} ni nambari yako ya {isp}. Inatumika kwa dakika 10. Usimpe mtu yeyote.",
    },
}  # fmt: skip

_MONTHS: Final = {
    ENGLISH: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    SWAHILI: ["Jan", "Feb", "Mac", "Apr", "Mei", "Jun", "Jul", "Ago", "Sep", "Okt", "Nov", "Des"],
}
_DAYS: Final = {
    ENGLISH: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    SWAHILI: ["Jumatatu", "Jumanne", "Jumatano", "Alhamisi", "Ijumaa", "Jumamosi", "Jumapili"],
}


def needed(key: str) -> frozenset[str]:
    """The values that a text needs from whoever says it."""
    found = {name for _, name, _, _ in Formatter().parse(TEXTS[key][ENGLISH]) if name}
    return frozenset(found) - FROM_ENTITY


def text(say: Say, from_entity: Mapping[str, str], own: Mapping[tuple[str, str], str]) -> str:
    """The message as it is sent: the entity's own words if it has some, else ours.

    A language that we do not write is answered in English. A key or value that is missing
    raises KeyError: it is a fault of the caller. The entity's own words may use whatever
    values there are; where they name another, ours are sent.
    """
    ours = TEXTS[say.key]
    values = {**from_entity, **say.values}
    plain = ours.get(say.language, ours[ENGLISH]).format_map(values)
    theirs = own.get((say.key, say.language))
    if theirs is not None:
        try:
            plain = theirs.format_map(values)
        except (KeyError, IndexError, ValueError, AttributeError):
            return sanitised(plain)
    return sanitised(plain)


def urgent(key: str) -> bool:
    """Whether a message goes out at night too."""
    return key not in NOT_URGENT


def quiet(hour: int, *, start: int, end: int) -> bool:
    """Whether an hour of the day (0–23) lies in quiet hours, half-open and perhaps over
    midnight; equal ends are no quiet hours."""
    return start <= hour < end if start <= end else hour >= start or hour < end


def first_name(name: str) -> str:
    """How a person is spoken to; a company keeps its first word."""
    words = name.split()
    return words[0][:20] if words else ""


def sum_words(money: Money) -> str:
    """`KES 2,500`."""
    return str(money)


def off_words(services: int, language: str) -> str:
    """What is off: `Your internet is off`, or of several `Your 2 services are off`."""
    if language == SWAHILI:
        return f"Huduma zako {services} zimesimama" if services > 1 else "Intaneti yako imesimama"
    return f"Your {services} services are off" if services > 1 else "Your internet is off"


def moment_words(at: datetime, today: date, language: str) -> str:
    """`15:35` today, else `11 Jun 12:00`; `at` is in the reader's zone."""
    clock = f"{at:%H:%M}"
    return clock if at.date() == today else f"{day_words(at.date(), language)} {clock}"


def day_words(day: date, language: str, *, weekday: bool = False) -> str:
    """`10 Dec` or `10 Des`; with the weekday, `Thu 12 Nov` or `Alhamisi 12 Nov`."""
    spoken = language if language in _MONTHS else ENGLISH
    shown = f"{day.day} {_MONTHS[spoken][day.month - 1]}"
    return f"{_DAYS[spoken][day.weekday()]} {shown}" if weekday else shown
