"""The books: accounts, journal entries and their lines, fiscal periods.

Words: a *journal entry* has at least two *lines*; a debit is above zero, a credit below; a
*source* names the event that an entry books and posts at most once; a *purpose* is what an
account is for, by which code finds it.
Invariants, held by the database for COPY as for one row: every entry sums to zero per
currency; nothing posted ever changes; nothing joins an entry of an earlier transaction;
nothing is posted into a closed period.
"""
