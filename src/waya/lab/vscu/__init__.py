"""A simulated virtual sales control unit: the program of Kenya's revenue authority that stands
beside an ISP's own, signs each sale and passes it on.

Held to the public specification of the family (VSCU of KRA, VSDC of RRA: the same paths, fields
and result codes) and to what integrators report of the live program. It signs while the authority
is away, for a day at most, and a number that it has is refused when it comes again.
"""
