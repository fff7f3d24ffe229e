"""The story: joins and pays → online; falls behind → walled; pays → back, verified."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from waya.lab.smoke.world import Browser, NotSo, World, eventually
from waya.lab.town.people import SHORT_CODE

ZURI, ZURI_PHONE = "Zuri Wanja", "254722000101"
DUKA, DUKA_PHONE = "Duka Hardware", "254722000102"
TUMO, TUMO_PHONE = "Tumo Rotich", "254722000103"
WITHIN_SECONDS = 3.0


@dataclass(slots=True)
class Person:
    """Somebody in the story, as the API knows them."""

    phone: str
    customer: dict[str, Any] = field(default_factory=dict)
    subscription: dict[str, Any] = field(default_factory=dict)

    @property
    def account(self) -> str:
        """What they type at the paybill."""
        return str(self.customer["account_number"])

    @property
    def username(self) -> str:
        """What their box dials with."""
        return str(self.subscription["username"])


class Story:
    """What happened so far."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.zuri = Person(ZURI_PHONE)
        self.duka = Person(DUKA_PHONE)
        self.tumo = Person(TUMO_PHONE)
        self.naomi = Browser(world.ports.web_url)

    def joins_and_pays(self) -> str:
        """A new customer joins by the portal and approves the prompt."""
        portal = Browser(self.world.ports.web_url)
        self._joins(portal, self.zuri, ZURI, "home-10")
        page = eventually(
            "the portal says that she is online",
            lambda: _holding(portal.get("/my"), "Online", "online"),
        )
        line = self.world.api("invoices", customer=self.zuri.customer["id"])[0]
        _same(line["total"]["minor"], 2500_00, "her invoice")
        _same(line["owed"]["minor"], 0, "what is owed on it")
        for words in (self.zuri.account, self.zuri.username):
            eventually("an SMS with the account and the login", self._told(self.zuri, words))
        _same(bool(page), True, "the page")
        return f"{ZURI} joined by phone, paid KES 2,500, is online as {self.zuri.username}"

    def others_join(self) -> str:
        """A firm joins over the counter, and a neighbour by the portal."""
        self.naomi.sign_in("naomi")
        self.world.introduce(self.duka.phone, DUKA)
        page = self.naomi.get("/customers/new")
        plan = _option(page, "Office 20 Mbps")
        told = {"plan": plan, "name": DUKA, "phone": self.duka.phone, "site_name": "Naka",
                "directions": "", "language": "en"}  # fmt: skip
        self.naomi.send("/customers/new", told)
        self._know(self.duka)
        self._online(self.duka)
        self._joins(Browser(self.world.ports.web_url), self.tumo, TUMO, "home-5")
        return f"{DUKA} (postpaid) and {TUMO} joined and are online"

    def is_asked_and_reminded(self) -> str:
        """A month on a pro forma goes out, and reminders on the days of policy."""
        end = date.fromisoformat(self.zuri.subscription["paid_through"])
        self._to(end - timedelta(days=5), 9)
        eventually("a pro forma", lambda: self.world.api(
            "pro-formas", customer=self.zuri.customer["id"], state="open"), 60)  # fmt: skip
        eventually("word of the renewal", lambda: self.world.said(self.zuri.phone, "renews"))
        for days in (4, 2):
            self._to(end - timedelta(days=days), 9)
        eventually("a reminder", lambda: self.world.said(self.zuri.phone, "is due on"), 60)
        return "A month on, the renewal was asked for and she was reminded by SMS"

    def is_walled(self) -> str:
        """Unpaid at the period's end she is walled, and her browser gets the pay page."""
        self._to(date.fromisoformat(self.zuri.subscription["paid_through"]), 9)
        box = eventually("her box is in the walled garden", lambda: self._walled(self.zuri), 90)
        page = self.world.browse_behind(box, "http://news.example.com/")
        hops = 0
        while page.is_redirect and hops < 5:
            page, hops = self.world.browse_behind(box, str(page.next_request.url)), hops + 1  # type: ignore[union-attr]  # a redirect has one
        _holds(page.text, SHORT_CODE, "the pay page behind the wall")
        eventually("word that it is off", lambda: self.world.said(
            self.zuri.phone, "Your internet is off"), 60)  # fmt: skip
        return "At the period's end she was walled; the browser behind her box shows the pay page"

    def pays_and_is_back(self) -> str:
        """She pays the paybill from the phone and is back within a second."""
        seconds = self._pays(self.zuri, self.zuri.account, 2500)
        eventually("thanks by SMS", lambda: self.world.said(self.zuri.phone, "back online"))
        invoices = self.world.api("invoices", customer=self.zuri.customer["id"])
        _same(len(invoices), 2, "her invoices")
        return f"{ZURI} paid the paybill; read back on the router after {seconds:.2f} s"

    def postpaid_falls_behind(self) -> str:
        """The firm's invoice falls due, is reminded, gets its grace, is walled."""
        invoice = eventually("the firm's invoice", lambda: self.world.api(
            "invoices", customer=self.duka.customer["id"]), 60)[0]  # fmt: skip
        due = date.fromisoformat(invoice["due_on"])
        self._to(due + timedelta(days=1), 9)
        eventually(
            "it stands in grace", lambda: self._subscribed(self.duka)["standing"] == "grace", 60
        )
        _same(bool(self._walled(self.duka)), False, "walled in grace")
        eventually("a reminder", lambda: self.world.said(self.duka.phone, "is due on"))
        self._to(due + timedelta(days=4), 9)
        eventually("the firm is walled", lambda: self._walled(self.duka), 90)
        seconds = self._pays(self.duka, self.duka.account, 6000)
        return (
            f"{DUKA}: invoice due, reminded, in grace, walled; paid and back after {seconds:.2f} s"
        )

    def mistypes(self) -> str:
        """A neighbour mistypes the account; the cashier matches the money; service is back."""
        eventually("the neighbour is walled", lambda: self._walled(self.tumo), 90)
        number = self.tumo.account
        typed = number[:4] + number[5] + number[4] + number[6:]
        if typed == number:
            typed = number[:-1] + str((int(number[-1]) + 1) % 10)
        self.world.pay(self.tumo.phone, typed, 1500)
        page = eventually("it stands in suspense", lambda: _holding(
            self.naomi.get("/payments?state=suspense"), typed))  # fmt: skip
        _holds(page, TUMO, "the suggestion")
        chosen = next(
            (form for form in self.naomi.forms(page)
             if form[0].endswith("/match") and number in form[1].values()), None)  # fmt: skip
        if chosen is None:
            raise NotSo("no button matches it to its owner")
        began = time.monotonic()
        self.naomi.send(chosen[0], chosen[1], form_at="/payments?state=suspense")
        self._back(self.tumo)
        return (
            f"{TUMO} typed {typed}; Naomi matched it; back after {time.monotonic() - began:.2f} s"
        )

    def staff_see_it(self) -> str:
        """The console shows the day, the customer with reasons, the money and the routers."""
        owner = Browser(self.world.ports.web_url)
        owner.sign_in("baraka")
        for path, words in (
            ("/", "Collected today"),
            (f"/customers/{self.zuri.account}", "Router holds this"),
            (f"/customers/{self.zuri.account}", "Why?"),
            ("/payments", ZURI),
            ("/routers", "Holds"),
            (f"/routers/{self.world.access(self.zuri.subscription['id'])['router_name']}",
             self.zuri.username),
            ("/books", "Accounts receivable"),
        ):  # fmt: skip
            _holds(owner.get(path), words, path)
        return "The console shows the day, her timeline with reasons, the payments, the routers"

    def all_agrees(self) -> str:
        """Books, documents, subscriptions and routers agree."""
        self.world.command("doctor")
        return "waya doctor finds nothing wrong"

    def _joins(self, portal: Browser, person: Person, name: str, plan: str) -> None:
        self.world.introduce(person.phone, name)
        _holds(portal.get("/my/plans"), "KES", "the plans")
        told = {"plan": plan, "name": name, "phone": person.phone, "place": "Lanet, blue gate",
                "agree": "on"}  # fmt: skip
        portal.send("/my/join", told, form_at=f"/my/join?plan={plan}")
        eventually("a prompt on the phone", lambda: self.world.phone(person.phone)["prompt"])
        self.world.approve(person.phone)
        self._know(person)
        eventually("it is paid", lambda: self._subscribed(person)["state"] == "active")
        self._online(person)

    def _know(self, person: Person) -> None:
        person.customer = eventually("the customer", lambda: self.world.customer(person.phone))
        self._subscribed(person)

    def _subscribed(self, person: Person) -> dict[str, Any]:
        person.subscription = self.world.subscription(person.customer["id"])
        return person.subscription

    def _online(self, person: Person) -> None:
        """On the right router, at the right rate, and the box has dialled."""
        self._subscribed(person)
        eventually("the router holds it", lambda: self._holding_now(person))
        eventually("the box is online", lambda: self._box(person, walled=False))

    def _holding_now(self, person: Person) -> bool:
        access = self.world.access(person.subscription["id"])
        return bool(access["confirmed_at"]) and not access["desired"]["restricted"]

    def _box(self, person: Person, *, walled: bool) -> dict[str, Any] | None:
        box = self.world.box(person.username)
        return box if box and box["online"] and box["walled"] == walled else None

    def _walled(self, person: Person) -> dict[str, Any] | None:
        return self._box(person, walled=True)

    def _pays(self, person: Person, account: str, shillings: int) -> float:
        began = time.monotonic()
        self.world.pay(person.phone, account, shillings)
        return self._back(person, began)

    def _back(self, person: Person, began: float | None = None) -> float:
        start = began or time.monotonic()
        eventually("the router was read back", lambda: self._holding_now(person))
        seconds = time.monotonic() - start
        if seconds > WITHIN_SECONDS:
            raise NotSo(f"restored only after {seconds:.2f} s")
        eventually("the box redialled", lambda: self._box(person, walled=False))
        return seconds

    def _to(self, day: date, hour: int) -> None:
        """Business time moves on to an hour of a day in Nairobi."""
        self.world.turn_clock(f"{day.isoformat()}T{hour:02}:00+03:00")

    def _told(self, person: Person, words: str) -> Callable[[], str | None]:
        return lambda: self.world.said(person.phone, words)


STEPS: list[Callable[[Story], str]] = [
    Story.joins_and_pays,
    Story.others_join,
    Story.is_asked_and_reminded,
    Story.is_walled,
    Story.pays_and_is_back,
    Story.mistypes,
    Story.postpaid_falls_behind,
    Story.staff_see_it,
    Story.all_agrees,
]


def _holding(page: str, *words: str) -> str | None:
    return page if any(one in page for one in words) else None


def _holds(page: str, words: str, what: str) -> None:
    if words not in page:
        raise NotSo(f"{what} does not say {words!r}")


def _same(found: object, wished: object, what: str) -> None:
    if found != wished:
        raise NotSo(f"{what}: {found!r}, not {wished!r}")


def _option(page: str, words: str) -> str:
    for piece in page.split("<option")[1:]:
        if words in piece.split("</option>")[0]:
            return piece.split('value="')[1].split('"')[0]
    raise NotSo(f"no option says {words!r}")
