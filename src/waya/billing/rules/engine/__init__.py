"""What is to be billed, by pure arithmetic: terms, plans and events in, lines out.

Read in this order: `terms` (how), the catalog's `rules.plans` (what) and `rules.prices` (for how
much), `events` (what happened), `grids` (when cycles turn), `ratios` (which share of a cycle),
`prices` (what a cycle costs), `spans` (what was had, and when), `tally` (desired minus billed),
`lines` (the one function), `documents` (lines by invoice), `whole` (the common line, fast).
Nothing here knows today: `until` is an argument.
"""
