"""What customers see, on phones first: join, sign in by a code, see what is owed and why, pay.

Lives under `/my`. Customers are not Django users: a signed cookie names the phone that was proven
and the contact it belongs to. Pages come whole from the server and nothing here needs a script.
"""
