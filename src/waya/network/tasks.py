"""Entry points of the network's work, and its heartbeat."""

from __future__ import annotations

from waya.kernel import clock
from waya.network import queries
from waya.network.commands import reconcile as reconciling
from waya.network.commands import removals, sessions
from waya.network.commands import sweep as sweeping
from waya.org import jobs, lab_clock
from waya.org.actors import SYSTEM
from waya.org.jobs import app


@app.task(name="network.reconcile", queue="network")
def reconcile(router_id: int) -> None:
    """Make one router agree. What is left undone stands on its row, never in this job."""
    lab_clock.forget()
    reconciling.reconcile(router_id=router_id, by=SYSTEM)


@app.task(name="network.sweep", queue="network")
def sweep(router_id: int) -> None:
    """Look at one router whole."""
    lab_clock.forget()
    sweeping.sweep(router_id=router_id, by=SYSTEM)


@app.task(name="network.poll", queue="network")
def poll(router_id: int) -> None:
    """Look at who is online on one router."""
    lab_clock.forget()
    sessions.poll(router_id=router_id, by=SYSTEM)


@app.task(name="network.remove_approved", queue="network")
def remove_approved(approval_id: int) -> None:
    """Go on with removals that a person agreed to."""
    lab_clock.forget()
    removals.remove_approved(approval_id=approval_id, by=SYSTEM)


def due() -> None:
    """Asked every second by the network worker's own loop: a heartbeat needs no job rows."""
    at = clock.real_now()
    for task, router_ids in (
        ("network.reconcile", queries.routers_due(at)),
        ("network.poll", queries.routers_to_poll(at)),
        ("network.sweep", queries.routers_to_sweep(at)),
    ):
        for router_id in router_ids:
            jobs.nudge(task, key=f"router:{router_id}", router_id=router_id)
