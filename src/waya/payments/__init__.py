"""Money that arrives: what providers tell us, kept word for word, and the payments made of it.

A *notification* is one message of a provider, a *payment* is money: several notifications may
speak of one payment, and a payment is booked once. A *prompt* (STK push) asks a phone for money
and is not money. Money is never refused: what has no customer yet stands in *suspense*.
"""
