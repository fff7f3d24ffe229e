"""Reads of taxes: on lines that nobody has billed, and of customers who are taxed apart."""
