"""`bin/demo --smoke`: the story, played against live processes through public interfaces.

Customers act by browser and telephone, staff by the console; what is so is read from the
API, the routers and the telephones. One line a step with its time.
"""
