"""Who we deal with: customers, their contacts and their sites.

Words: a *customer* pays; a *contact* is a person with a phone, many per customer and not
unique; a *site* is a place of service.
Invariants: an account number is unique in the installation and never used again.
"""
