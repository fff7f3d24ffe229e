"""The tax engine: pure, exact, and able to say where every amount came from.

A *rate* is one tax in its place; a *stack* is the taxes of one supply, prepared once and asked
for each line; *taxed* is a price with its taxes. `supply` makes a stack from the rates in force,
the customer's exemptions and reverse charge; `documents` rounds by line or by document.
"""

from __future__ import annotations

from waya.billing.rules.tax.rates import Rate
from waya.billing.rules.tax.stack import Stack, Taxed, TaxRow, inside, on_top

__all__ = ["Rate", "Stack", "TaxRow", "Taxed", "inside", "on_top"]
