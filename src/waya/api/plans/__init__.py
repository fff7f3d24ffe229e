"""What is sold by API: versions of plans and price changes, and changes of subscriptions."""
