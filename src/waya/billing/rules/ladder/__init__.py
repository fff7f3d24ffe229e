"""The dunning ladder: conditions on a debt and its customer, and what is done about it.

`values` is the ladder itself, `reading` makes one from what a policy row holds, `standard` is
the one that everybody has until they choose another, `facts` is what is known of a customer,
and `tonight` is the only place that decides. Nothing here remembers anything.
"""
