"""Waya runs an internet provider: customers, money, routers and the books behind them."""
