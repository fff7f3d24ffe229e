"""Who we are and who may do what: entities, branches, people and roles; and the machinery
that every context leans on: actors, approvals, the audit, facts, jobs, policies, numbers,
secrets and the business day.

Words: an *entity* is a legal company with its own books, currency and time zone; an *actor*
is whoever acts (a person, a customer, a token, Waya itself); a *fact* is something that
happened, told upward.
Invariants: an audit row is written in the transaction of what it tells; numbers have no gaps;
a business day's work of one kind is done once.
"""
