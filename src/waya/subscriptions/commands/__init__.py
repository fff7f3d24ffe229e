"""Writes of subscriptions, by noun."""
