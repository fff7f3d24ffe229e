"""The words for every refusal, the same on every screen and in the API.

Surface text, which stands in `org` for the reason that the template tags do: every surface may
use `org` and no surface may use another. Contexts raise codes and never look in here. A test
holds this table to every code that the source raises.
"""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from waya.kernel import phone
from waya.kernel.errors import Refused

# What did not happen, why, and what to do now; `%(name)s` is one of the refusal's details.
REFUSALS = {
    # org
    "not_allowed": _("Your role may not do this. Ask somebody whose role may."),
    "approval_decided": _("Nothing changed: %(by)s has decided this already."),
    "own_approval": _("Nobody decides what they asked for themselves. Ask somebody else."),
    "clock_backward": _("Business time only moves forward. It is %(now)s now."),
    "clock_running": _("Business time is being moved already. Wait until it has arrived."),
    "billed_meanwhile": _("These were billed by somebody else just now. Look again."),
    "not_a_lab": _("Only a lab's clock can be moved, and this is none."),
    "plan_unknown": _("There is no such plan. Choose one that is on sale."),
    "key_of_another": _("Nothing was done: this key belongs to a request with other content."),
    "key_in_work": _("This was sent already and is being worked on, or its end is not known."),
    "logo_too_large": _("The picture is too large: %(most)s KB at most."),
    "logo_unreadable": _("This picture cannot be drawn. Use SVG of shapes alone, or PNG."),
    "branch_code_wrong": _("A branch's code is one to eight letters and digits, such as NKR."),
    "branch_known": _("There is a branch %(branch)s already."),
    "branch_unknown": _("There is no branch %(branch)s in this company."),
    # ledger
    "period_overlaps": _("There is a period between %(start)s and %(end)s already."),
    "period_locked": _("%(start)s to %(end)s is locked for good."),
    "period_unknown": _("No period begins on %(start)s."),
    "empty_entry": _("An entry needs lines."),
    "no_account": _("The chart has no account for %(purpose)s."),
    # parties
    "name_missing": _("Say whose account it is: the name is missing."),
    "tax_number_malformed": _("This is no tax number. One looks like %(example)s."),
    "tag_too_long": _("%(tag)s is too long for a tag: thirty letters at most."),
    "phone_unreadable": _("This is no phone number that we can read. Write it as 0712 345 678."),
    "too_many_codes": _("Enough codes for now. Wait %(minutes)s minutes, then ask again."),
    "code_wrong": _("This is not the code. Look at the latest SMS, or ask for a new code."),
    # catalog
    "no_price": _("This plan has no price on %(on)s."),
    "speed_missing": _("A plan needs a speed down and a speed up."),
    "price_negative": _("A price is zero or more."),
    "plan_code_taken": _("There is a plan %(plan)s already. Choose another code."),
    "period_wrong": _("A period is 1–12 months, 1–366 weeks or days, or 1–744 hours."),
    "hours_prepaid": _("A plan by the hour is paid before."),
    "price_published": _("There is a price from %(on)s already, and prices do not change."),
    "meters_nothing": _("%(plan)s is paid before, and nothing of it can be charged afterwards."),
    "nothing_in_advance": _("%(plan)s is paid before each period: give it a price for that."),
    "interval_differs": _("%(plan)s is sold by another period. Make that a plan of its own."),
    "charges_missing": _("A plan has from one to %(most)s charges."),
    "charge_twice": _("Two charges have the code %(charge)s."),
    "tiers_wrong": _("Tiers rise, only the last is open: look at %(charge)s."),
    "metric_wrong": _("What is charged once or flat measures nothing: look at %(charge)s."),
    "phases_wrong": _("Phases follow one another, and the last is no trial or discount."),
    "change_exists": _("Everybody moves to this version on %(on)s already."),
    "change_in_the_past": _("%(on)s has passed. A price changes today or later."),
    "change_backward": _("A price change to a version before or after this one crosses it."),
    "promotion_past": _("%(on)s has passed. A promotion ends today or later."),
    "promotion_over": _("%(promotion)s ends on %(on)s already."),
    "promotion_code_taken": _("There is a promotion %(promotion)s already. Choose another code."),
    "promotion_wrong": _("A promotion takes off a percentage or an amount, for some periods."),
    # taxes and fiscal devices
    "price_below_taxes": _("The price is less than the taxes that are in it by the unit."),
    "no_tax_pack": _("No tax rates are known for %(place)s."),
    "no_tax_class": _("Nothing is known of %(tax_class)s here. Known are %(known)s."),
    "no_rates_then": _("No rates are known for %(tax_class)s on %(on)s."),
    "bounds_by_line": _("A tax with a least or a most is rounded by line. Choose that."),
    "no_fiscal_driver": _("We do not speak to the tax authority by %(driver)s."),
    "fiscal_device_refused": _("The tax authority refused this device: %(said)s"),
    "fiscal_device_known": _("This branch has a fiscal device already."),
    "fiscal_number_used": _("A document has number %(number)s already, or a later one."),
    "not_unsigned": _("This document was signed, or is not recorded yet."),
    "not_rejected": _("Nothing to do again: the authority has not rejected this document."),
    "certificate_missing": _("Say which certificate: its number is missing."),
    "exemption_backward": _("The certificate ends before it begins."),
    "exemption_percent": _("An exemption is of more than nothing, and of 100 percent at most."),
    "exemption_unknown": _("Nobody charges this here: %(told)s."),
    "exemption_overlaps": _("On some of these days certificate %(certificate)s is for the same."),
    # credit notes
    "credit_nothing_left": _("Nothing is left to credit: it was given back already."),
    "credit_not_above_zero": _("A credit is more than nothing."),
    "credit_above_left": _("Only %(left)s is left to credit."),
    "credit_days_outside": _("These days are not among those that were billed."),
    "credit_days_again": _("Some of these days were credited already."),
    "credit_written_off": _("What is missing on this invoice was written off already."),
    "credit_before_invoice": _("A credit note is not dated before its invoice."),
    "days_backward": _("The last day is before the first."),
    "period_closed": _("The books of %(on)s are closed. Date it on an open day."),
    "run_stopped": _("The night's billing was stopped by a person."),
    "bill_unlike": _("%(amount)s is unlike their last bill of %(before)s: look at it first."),
    "bill_too_large": _("%(amount)s is more than a bill may be without being seen: %(most)s."),
    "bill_too_many_lines": _("%(lines)s lines for one service, of at most %(most)s: look first."),
    "run_waits": _("The night's billing is out of the ordinary and waits for a person."),
    # dunning
    "ladder_unreadable": _("The ladder cannot be read at %(at)s: a field is unknown or wrong."),
    "ladder_key_twice": _("The ladder has %(key)s twice. Give each its own key."),
    "ladder_not_everybody": _("The ladder's last segment must take everybody."),
    "ladder_days": _("The days at %(at)s end before they begin, or a wall ends by itself."),
    "ladder_too_early": _("Before the due day has passed there are only messages: %(at)s."),
    "ladder_text": _("There is no message %(text)s that a ladder can send: %(at)s."),
    "ladder_no_fee": _("The fee at %(at)s is of nothing. Give a sum or a percentage."),
    "ladder_fee_on_fee": _("Policy forbids a fee on a fee: %(at)s."),
    "ladder_no_invoice": _("Without an invoice there is no fee and no loss: %(at)s."),
    "promise_past": _("A promise is for today or later."),
    "promise_too_long": _("A promise is good for %(days)s days at most."),
    "promise_too_little": _("Promise at least %(least)s: that is what policy asks for."),
    "promise_gone": _("%(until)s has passed, so there is nothing to take back."),
    "promise_open": _("There is a promise of %(amount)s until %(until)s already."),
    "promise_broken": _("Not promised again: %(broken)s promises were broken lately."),
    "dispute_settled": _("Nothing is missing on this invoice."),
    "dispute_closed": _("This dispute is closed already."),
    "reason_missing": _("Say why: the reason is missing."),
    "nothing_to_recover": _("Nothing that was written off of this invoice is missing any more."),
    "no_credit": _("This customer has no credit to take it from."),
    "nothing_to_write_off": _("Nothing is missing on this invoice, so nothing was written off."),
    # subscriptions
    "no_router": _("There is no router for this place yet."),
    "plan_by_agreement": _("%(plan)s is paid after the month. Call us, and we arrange it."),
    "plan_withdrawn": _("%(plan)s is no longer sold. Choose another plan."),
    "subscription_running": _("This subscription has begun already."),
    "subscription_ended": _("This subscription has ended."),
    "change_needs_money": _("%(missing)s is missing for this change. Pay it first."),
    "mode_differs": _("%(plan)s is paid in another way. End this service, and begin that one."),
    "hours_at_once": _("A plan by the hour has no term to wait for. Change it at once."),
    "nothing_to_align": _("None of their services ends on a day that %(plan)s could end on."),
    "site_unknown": _("That place is not theirs."),
    "nothing_planned": _("Nothing is planned for this service."),
    "planned_is_paid": _("What was planned is paid for already. Change the plan once it began."),
    "no_units": _("%(plan)s has no price for each unit, so it is had once."),
    "quantity_wrong": _("So many cannot be had: say a whole number from 1 to 10,000."),
    "no_metered_unit": _("%(plan)s meters nothing, so what is left over cannot become data."),
    "same_plan": _("This is %(plan)s already."),
    "promotion_unknown": _("Nobody gives out %(promotion)s for this plan today."),
    "begins_free": _("Nothing is to be paid before %(on)s."),
    "nothing_to_ask": _("%(plan)s asks for nothing to begin."),
    "usage_billed": _("%(on)s is on an invoice already."),
    "usage_negative": _("What was used is zero or more."),
    "not_possible_now": _("This cannot be done now."),
    "not_an_add_on": _("%(plan)s does not go on top of %(of)s."),
    "add_on_had": _("%(plan)s is had already: %(quantity)s. Drop it to have another number."),
    "bundle_too_small": _("A bundle holds 2 to %(most)s plans."),
    "bundle_parts_differ": _("Parts of a bundle have one period, and prices all with tax or none."),
    "bundle_part_phased": _("%(plan)s has phases or a minimum, so it cannot be in a bundle."),
    "bundle_price_wrong": _("A bundle has a price, or a discount from 0 to 100 percent."),
    "bundle_line_missing": _("A bundle is a plan and add-ons that go on top of it."),
    "bundle_whole": _("%(plan)s is had as a whole: its parts cannot be dropped."),
    "not_in_bundle": _("%(plan)s is not a part of what this service has."),
    "tax_class_unknown": _("No tax is known for %(tax_class)s here."),
    # messaging
    "no_driver": _("We do not speak to the carrier %(driver)s."),
    # payments
    "no_merchant": _("There is no paybill to ask with yet. Use cash until there is one."),
    "amount_out_of_range": _("M-PESA moves from 1 to 250,000 shillings at a time."),
    "prompt_waiting": _("This phone was asked a moment ago. Ask again in %(seconds)s s."),
    "already_matched": _("Not matched: %(by)s matched this money to %(customer)s before."),
    "other_entity": _("This belongs to another company."),
    "provider_refused": _("The provider refused this: %(said)s"),
    "slip_missing": _("Cash needs the number of its slip."),
    "slip_used": _("This slip was used already."),
    # network
    "portal_address": _("A router leads walled customers to an IP address, not to a name."),
    "unknown_access": _("There is no such access."),
    # the portal itself
    "account_unknown": _("No account has this number."),
    "nothing_owed": _("Nothing is owed on this account."),
    "too_often": _("That was often enough for now. Wait %(minutes)s minutes, then try again."),
}  # fmt: skip


def words(refusal: Refused) -> str:
    """The words for a refusal in the language of the request."""
    known = REFUSALS.get(refusal.code)
    if known is None:
        return gettext("This was refused (%(code)s). Nothing changed.") % {"code": refusal.code}
    return gettext(known) % {name: _shown(value) for name, value in refusal.details.items()}


def _shown(value: object) -> str:
    text = str(value)
    if text.startswith("+") and text[1:].isdigit():
        return phone.national(text)
    return text
