"""Who lives in the town, the same for the same seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

FIRST = (
    "Amina", "Brian", "Chebet", "Daudi", "Esther", "Fatuma", "Grace", "Hassan", "Irene", "Juma",
    "Kamau", "Leah", "Mwangi", "Njeri", "Ochieng", "Purity", "Rehema", "Samuel", "Tabitha",
    "Wambui", "Zawadi", "Akinyi", "Barasa", "Cherono", "Faith", "Gathoni", "Halima", "Imani",
    "Joyce", "Kiprono", "Lilian", "Moses", "Nekesa", "Omondi", "Peris", "Ruth", "Saida", "Titus",
    "Wairimu", "Yusuf",
)  # fmt: skip
LAST = (
    "Abdi", "Barasa", "Cheruiyot", "Kamau", "Kariuki", "Kimani", "Kipchoge", "Korir", "Maina",
    "Mbugua", "Muthoni", "Mutua", "Mwangi", "Ndungu", "Njoroge", "Nyambura", "Ochieng",
    "Odhiambo", "Otieno", "Ouma", "Rono", "Wafula", "Wanjala", "Wekesa",
)  # fmt: skip
ESTATES = (
    "Lanet", "Section 58", "Free Area", "Milimani", "Pipeline", "Kiamunyi", "Naka", "Teachers",
)  # fmt: skip
GATES = (
    "blue gate", "green gate", "behind the church", "third floor", "next to the kiosk",
    "brown roof",
)  # fmt: skip
FIRMS = ("Hardware", "Academy", "Clinic", "Cyber", "Agrovet", "Bakery", "Printers", "Pharmacy")


# The company's paybill, and its staff: username, name and role; one password, for it is a lab.
SHORT_CODE = "600426"
PASSWORD = "karibu-waya"
STAFF = (
    ("baraka", "Baraka", "owner"),
    ("naomi", "Naomi", "cashier"),
    ("wanjiku", "Wanjiku", "accountant"),
    ("otieno", "Otieno", "network"),
)


class Habit(StrEnum):
    """When somebody pays: as soon as asked, on the last day, days late, or no more."""

    EARLY = "early"
    DUE = "due"
    LATE = "late"
    LEAVES = "leaves"


@dataclass(frozen=True, slots=True)
class Household:
    """A customer to be; `plan` is a plan's code, `joins` the day of the history they join on."""

    name: str
    phone: str
    estate: str
    directions: str
    plan: str
    router: int
    habit: Habit
    late_days: int
    joins: int


# The cast of every test lives here too.
CAST = tuple(
    Household(name, phone, "Lanet", gate, "home-10", 0, habit, late, 0)
    for name, phone, gate, habit, late in (
        ("Amina Hassan", "+254700000416", "blue gate", Habit.EARLY, 0),
        ("Brian Mwangi", "+254700000417", "third floor", Habit.LATE, 2),
        ("Chebet Korir", "+254700000418", "brown roof", Habit.DUE, 0),
    )
)


def households(count: int, days: int, seed: int = 7) -> list[Household]:
    """So many households that join over a history of so many days, the cast among them."""
    chance = random.Random(seed)
    made = [_household(chance, number, days) for number in range(max(count - len(CAST), 0))]
    return [*CAST[:count], *made]


def _household(chance: random.Random, number: int, days: int) -> Household:
    firm = chance.random() < 0.08
    estate = chance.choice(ESTATES)
    name = f"{chance.choice(FIRST)} {chance.choice(LAST)}"
    if firm:
        name = f"{estate} {chance.choice(FIRMS)}"
    plan = "office-20" if firm else chance.choices(("home-5", "home-10", "home-20"), (4, 4, 2))[0]
    # Most came in the first month, on every day of it; a few join every week since.
    joins = chance.randrange(min(30, days) if chance.random() < 0.75 else days)
    return Household(
        name=name,
        phone=f"+2547{11_000_000 + number * 137:08d}",
        estate=estate,
        directions=chance.choice(GATES),
        plan=plan,
        router=number % 3,
        habit=chance.choices(list(Habit), (50, 28, 18, 4))[0],
        late_days=chance.randint(1, 5),
        joins=joins,
    )
