"""What is sold: plans, their prices by date, and the taxes that apply to a class of supply.

Words: a *plan* is prepaid (paid before each period) or postpaid (invoiced after it); a
*price* holds from a date and is never edited; a *tax rate* is dated and has its law.
Invariants: one price of a plan on any date; a published price never changes.
"""
