"""A simulated MikroTik router with customers behind it, speaking RouterOS's binary API.

Words: a *menu* is a place in RouterOS's tree and a *row* an item in it; a *secret* is what a
router knows of a customer, a *CPE* the box at the customer's that dials, a *session* the two
having met. What follows a session (its queue, its address in a list, its interface) is not
stored but seen through it, so it lives exactly as long.
"""
