"""Words to people: templates, the outbox, and the drivers that carry SMS.

It takes an address and a template, never a customer, so that every context may use it. A message
is written in the transaction that causes it and sent afterwards.
"""
