"""What the database checks of a batch of rows, in functions that statement triggers call."""

from __future__ import annotations

from django.db.migrations import RunSQL

# With these off, what is left to the planner is one look at an index for each fresh row.
_OFF = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")


def by_index(function: str) -> RunSQL:
    """Let a trigger's function look parents up by index only; for a migration.

    For one that joins its fresh rows to tables that grow. One that joins the rows of a batch to
    each other would become quadratic.
    """
    return RunSQL(
        "; ".join(f"alter function {function}() set {setting} = off" for setting in _OFF),
        "; ".join(f"alter function {function}() reset {setting}" for setting in _OFF),
    )
