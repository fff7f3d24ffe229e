"""Routers and what they should hold: names, profiles, on or off. Money is unknown here.

Words: a *secret* is a customer's name and password on a router, a *profile* the limits it
comes with, a *session* a customer online; *wanted* is what we say a router should hold and
*observed* what it does.
Invariants: only what carries our mark is touched; wanted is written in the transaction that
decided it, and a router is brought to it again and again.
"""
