"""What a customer has: the hub between what is owed and what is on the wire.

Words: a *subscription* is a plan at a site for a customer, with a username on a router;
its *standing* is good, grace or cut_off as billing judges; a subscription that is cut off is
*walled* on its router.
Invariants: a username is never used again; the anchor day is remembered, never its clamp;
what the router should hold changes in the transaction that changes the subscription.
"""
