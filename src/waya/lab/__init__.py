"""A town to try everything in: simulated routers, RADIUS, M-Pesa and phones, and demo data."""
