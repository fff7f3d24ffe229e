"""Every state a screen can name, with its icon, its colour and its word."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_noop as _


@dataclass(frozen=True, slots=True)
class State:
    """`tone` is ok, warn, bad, wait or off; `words` is English and goes through translation."""

    icon: str
    tone: str
    words: str


STATES = {
    # Does the router hold it?
    "holds": State("circle-check", "ok", _("Holds")),
    "restoring": State("loader-2", "wait", _("Restoring")),
    "applying": State("loader-2", "wait", _("Applying")),
    "drift": State("arrows-diff", "warn", _("Drift")),
    "conflict": State("alert-triangle", "warn", _("Not our row")),
    "waits": State("hand-stop", "warn", _("Waits for a person")),
    "unreachable": State("plug-connected-x", "bad", _("Unreachable")),
    "failed": State("circle-x", "bad", _("Failed")),
    "observed": State("eye", "off", _("Observed only")),
    "left_alone": State("eye", "off", _("Left alone")),
    # How is the customer?
    "online": State("wifi", "ok", _("Online")),
    "offline": State("wifi-off", "off", _("Offline")),
    "unknown": State("help-circle", "off", _("Unknown")),
    "good": State("circle-check", "ok", _("Paid up")),
    "active": State("circle-check", "ok", _("Active")),
    "grace": State("clock", "warn", _("In grace")),
    "walled": State("lock", "bad", _("Walled")),
    "cut_off": State("lock", "bad", _("Walled")),
    "suspended": State("lock", "bad", _("Walled")),
    "slowed": State("gauge", "warn", _("Slowed, cap used")),
    "paused": State("player-pause", "off", _("Paused")),
    "pending": State("clock", "off", _("Waiting for payment")),
    "pending_payment": State("clock", "off", _("Waiting for payment")),
    "pending_install": State("calendar", "off", _("Waiting for install")),
    "ended": State("circle-minus", "off", _("Ended")),
    # Money
    "settled": State("circle-check", "ok", _("Settled")),
    "paid": State("circle-check", "ok", _("Paid")),
    "suspense": State("alert-triangle", "warn", _("In suspense")),
    "waiting": State("loader-2", "wait", _("Waiting for PIN")),
    "refused": State("circle-x", "off", _("Refused on the phone")),
    "expired": State("clock-x", "off", _("No answer")),
    "refunded": State("arrow-back-up", "off", _("Refunded")),
    "open": State("clock", "off", _("Open")),
    "part_paid": State("clock", "warn", _("Part paid")),
    "part_credited": State("clock", "off", _("Part credited")),
    "overdue": State("calendar-due", "warn", _("Overdue")),
    "void": State("circle-minus", "off", _("Void")),
    "pro_forma": State("file-invoice", "off", _("Pro forma")),
    "books_open": State("lock-open", "ok", _("Open")),
    "books_soft": State("lock", "warn", _("Soft-closed")),
    "books_locked": State("lock", "off", _("Locked")),
    "credited": State("arrow-back-up", "off", _("Credited")),
    "paid_and_credited": State("circle-check", "ok", _("Paid, partly credited")),
    "written_off": State("circle-minus", "warn", _("Written off")),
    "recovered": State("circle-check", "ok", _("Paid after it was written off")),
    "part_written_off": State("circle-minus", "warn", _("Partly written off")),
    # Does the tax authority have it?
    "issued": State("clock", "off", _("Not recorded yet")),
    "submitting": State("loader-2", "wait", _("No answer yet")),
    "fiscalised": State("circle-check", "ok", _("Recorded")),
    "unsigned": State("alert-triangle", "warn", _("Recorded, signature lost")),
    "not_recorded": State("circle-x", "bad", _("Refused")),
    # People and jobs
    "asked": State("hand-stop", "warn", _("Waits for a person")),
    "approved": State("circle-check", "ok", _("Approved")),
    "rejected": State("circle-x", "off", _("Turned down")),
    "running": State("loader-2", "wait", _("Running")),
    "done": State("circle-check", "ok", _("Done")),
    "draft": State("pencil", "off", _("Draft")),
    "published": State("circle-check", "ok", _("On sale")),
    "withdrawn": State("circle-minus", "off", _("Withdrawn")),
}
