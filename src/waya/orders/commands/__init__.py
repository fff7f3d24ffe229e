"""Every write of orders, by noun."""
