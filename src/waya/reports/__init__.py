"""Reads across contexts: what screens, statements and the doctor show.

Owns no tables, only indexes that make reading quick. Every read has a name and a budget of
queries that does not grow with the number of customers.
"""
