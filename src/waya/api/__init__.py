"""What programs use: the API at `/api/v1` for bearer tokens, and providers' call-backs at `/hk/`.

A token acts by its role in its own entity and sees nothing of any other. Amounts are whole
minor units with their currency; refusals are problems (RFC 9457) with the code that the command
raised and words for a person. Nothing here decides: views call queries and commands.
"""
