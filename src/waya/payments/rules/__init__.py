"""Pure rules of payments: whose money it is, and how it is booked."""
