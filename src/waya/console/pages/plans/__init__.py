"""Screens of what is sold: plans and their versions, price changes, promotions."""
