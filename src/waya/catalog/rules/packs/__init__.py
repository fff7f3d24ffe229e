"""Tax packs: one file a country, with its rates, their law, and worked numbers that must come out.

A pack is facts, not code. `waya.billing` works the numbers out from the rates and is held to them.
"""

from __future__ import annotations

from waya.catalog.rules.packs import (
    europe,
    kenya,
    nigeria,
    south_africa,
    tanzania,
    uganda,
    united_kingdom,
    united_states,
)
from waya.catalog.rules.packs.rows import Row, Worked

PACKS = (
    kenya, uganda, tanzania, nigeria, south_africa, europe, united_kingdom, united_states,
)  # fmt: skip

ROWS: tuple[Row, ...] = tuple(row for pack in PACKS for row in pack.ROWS)
WORKED: tuple[Worked, ...] = tuple(one for pack in PACKS for one in pack.WORKED)
