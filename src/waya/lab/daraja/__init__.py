"""A simulated Safaricom, its customers' telephones, and a carrier of SMS to them.

It speaks Daraja and Africa's Talking as the real ones do, faults included, and only ever calls
back to loopback addresses. *Settled* is money that has moved: every settlement has one receipt,
whatever becomes of the notifications about it, so the ledger here is what Waya's books must equal.
"""
