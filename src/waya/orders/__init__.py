"""What touches several contexts in one go: a sign-up is a customer, a site, a subscription, its
quote and a prompt on the phone, made by one command. It owns no table yet and decides nothing:
each context below does its own part.
"""
