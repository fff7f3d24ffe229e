"""What is sold: plans, their versions by date, and the taxes that apply to a class of supply.

Words: a *plan* is prepaid (paid before each period) or postpaid (invoiced after it), by a
period of its own; a *version* of it says what is charged, for those who take it from a date;
a *tax rate* is dated and has its law.
Invariants: one version of a plan for new customers on any date; a published one never changes.
"""
