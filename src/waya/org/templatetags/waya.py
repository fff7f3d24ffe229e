"""How money, moments, numbers, states and drawings look, the same on every screen.

It stands in `org` because every surface may use `org` and no surface may use another.
The forms are those of `docs/design.md`: sums with a thin code before them, account numbers in
threes, dates that name the year only when it is not this one, no unit without a thin space.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.contrib.staticfiles import finders
from django.forms import BoundField
from django.templatetags.static import static
from django.utils import timezone
from django.utils.dateformat import format as formatted
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from waya.kernel import clock, ids, phone
from waya.kernel.money import Money, decimals
from waya.kernel.periods import Period
from waya.org.templatetags.states import STATES

register = template.Library()

NOTHING = "—"
# Everything lies under these, so only they themselves are there.
ROOTS = ("/", "/my")
# A thin space vanishes at thirteen pixels; this one also keeps number and unit on one line.
GAP = "\u00a0"


@cache
def _version() -> str:
    """What the last build of the assets was made from; empty before there is one."""
    stamp = finders.find("built/stamp.txt")
    if not isinstance(stamp, str):
        return ""
    with open(stamp) as lines:
        return lines.read(12)


@register.simple_tag
def asset(name: str) -> str:
    """The address of something we built; it changes whenever the thing does."""
    version = "" if settings.DEBUG else _version()
    return static(f"built/{name}") + (f"?v={version}" if version else "")


@register.simple_tag
def icon(name: str, more: str = "") -> SafeString:
    """An icon of the sprite; it never stands for a word, so it is hidden from readers."""
    return format_html(
        '<svg class="i{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        f" {more}" if more else "",
        asset("icons.svg"),
        name,
    )


@register.simple_tag
def status(state: str, words: str = "", *, tag: bool = False) -> SafeString:
    """A state as icon, word and colour; `words` say more than the state's own word does."""
    known = STATES[str(state)]
    return format_html(
        '<span class="st {}{}">{}{}</span>',
        known.tone,
        " tag" if tag else "",
        icon(known.icon, "spin" if known.icon == "loader-2" else ""),
        words or gettext(known.words),
    )


@register.simple_tag
def status_icon(state: str) -> SafeString:
    """A state's icon alone, where the words beside it already say what is so."""
    known = STATES[str(state)]
    return format_html('<span class="st {}">{}</span>', known.tone, icon(known.icon))


@register.filter
def money(amount: Money | None, form: str = "") -> SafeString:
    """`KES 2,500`, the code thin; forms: `big`, and `short` for dashboards (`8.94 M`)."""
    if amount is None:
        return SafeString(NOTHING)
    short = form == "short"
    return format_html(
        '<span class="money{}"{}>{}<small>{}</small>{}</span>',
        " big" if form == "big" else "",
        format_html(' title="{}"', str(amount)) if short else "",
        "−" if amount.minor < 0 else "",
        amount.currency,
        _short(amount) if short else amount.plain().removeprefix("−"),
    )


def _short(amount: Money) -> str:
    """Millions in three figures, `8.94 M`; less than one in full."""
    whole = abs(amount.minor) // 10 ** decimals(amount.currency)
    if whole < 1_000_000:
        return amount.plain().removeprefix("−")
    hundredths = whole // 10_000
    return f"{hundredths // 100}.{hundredths % 100:02d}{GAP}M"


@register.filter
def figure(amount: Money | None, form: str = "") -> str:
    """A sum in a column whose header names the currency; `cents` where any row has cents."""
    if amount is None:
        return NOTHING
    shown = amount.plain()
    places = decimals(amount.currency)
    if form == "cents" and places and "." not in shown:
        return f"{shown}.{'0' * places}"
    return shown


@register.filter
def debit(amount: Money | None) -> str:
    """A journal amount in the debit column, cents always; empty when it is a credit."""
    return figure(amount, "cents") if amount is not None and amount.minor > 0 else ""


@register.filter
def credit(amount: Money | None) -> str:
    """A journal amount in the credit column, without its sign; empty when it is a debit."""
    return figure(-amount, "cents") if amount is not None and amount.minor < 0 else ""


@register.filter
def account(number: object) -> SafeString:
    """An account number in threes, which copies as it is sent: `100 001 4`."""
    raw = ids.normal(str(number or ""))
    return format_html('<span class="tab" data-raw="{}">{}</span>', raw, ids.in_threes(raw))


@register.filter(name="phone")
def phone_(number: str | None) -> SafeString:
    """`0700 000 418` from E.164, which copies as `+254700000418`."""
    if not number:
        return SafeString(NOTHING)
    shown = number
    if number.startswith("+") and number[1:].isdigit():
        digits = "".join(letter for letter in phone.national(number) if letter.isdigit())
        shown = " ".join([digits[:-6], digits[-6:-3], digits[-3:]])
    return format_html('<span class="tab" data-raw="{}">{}</span>', number, shown)


@register.filter
def when(moment: datetime | None, form: str = "") -> SafeString:
    """A moment in the page's time zone; the exact one is always in `datetime` and `title`.

    Without a form: the time today, the day before that. Forms: `time` 14:31, `proof`
    14:31:07, `full` 21 Nov, 14:31, `live` "4 s ago" for less than an hour.
    """
    if moment is None:
        return SafeString(NOTHING)
    local = timezone.localtime(moment)
    now = timezone.localtime(clock.now())
    today = local.date() == now.date()
    if form == "live" and timedelta(0) <= now - local < timedelta(hours=1):
        shown = gettext("%(age)s ago") % {"age": lasting(now - local)}
    elif form == "time" or (not form and today):
        shown = formatted(local, "H:i")
    elif form == "proof":
        shown = formatted(local, "H:i:s" if today else "j M H:i:s")
    else:
        shown = formatted(local, "j M, H:i" if local.year == now.year else "j M Y, H:i")
    return format_html(
        '<time class="nowrap" datetime="{}" title="{}">{}</time>',
        local.isoformat(timespec="seconds"),
        formatted(local, "j M Y, H:i:s T"),
        shown,
    )


@register.filter
def day(on: date | None, form: str = "") -> SafeString:
    """`21 Nov`, the year only when it is not this one.

    Forms: `weekday` Mon 23 Nov, `long` Saturday 21 November 2026, `year` 21 Nov 2026, and
    `heading` for lists by day: "Today, Saturday 21 November".
    """
    if on is None:
        return SafeString(NOTHING)
    here = timezone.localtime(on).date() if isinstance(on, datetime) else on
    now = timezone.localtime(clock.now())
    year = "" if here.year == now.year and form != "year" else " Y"
    patterns = {"weekday": "D j M" + year, "long": "l j F Y", "heading": "l j F" + year}
    shown = formatted(here, patterns.get(form, "j M" + year))
    if form == "heading" and here == now.date():
        shown = gettext("Today, %(day)s") % {"day": shown}
    return format_html(
        '<time class="nowrap" datetime="{}" title="{}">{}</time>',
        here.isoformat(),
        formatted(here, "l j F Y"),
        shown,
    )


@register.filter
def period(days: Period | None) -> SafeString:
    """`10 Nov – 10 Dec`: paid until the second day begins."""
    if days is None:
        return SafeString(NOTHING)
    return format_html("{} – {}", day(days.start), day(days.end))


@register.filter
def number(value: int | None) -> str:
    """A whole number grouped by comma, with a real minus sign."""
    return NOTHING if value is None else f"{value:,}".replace("-", "−")


@register.filter
def unit(value: object, name: str) -> str:
    """A number and its unit, kept together: `31 %`, `−61 dBm`."""
    if value is None:
        return NOTHING
    shown = number(value) if isinstance(value, int) else str(value).replace("-", "−")
    return f"{shown}{GAP}{name}"


@register.filter
def speed(kbps: int | None) -> str:
    """Bits in a second: `512 kbps`, `10 Mbps`, `2.5 Mbps`."""
    if kbps is None:
        return NOTHING
    if kbps < 1000:
        return f"{kbps}{GAP}kbps"
    whole, tenths = divmod(kbps // 100, 10)
    return f"{whole}{f'.{tenths}' if tenths else ''}{GAP}Mbps"


@register.filter
def volume(octets: int | None) -> str:
    """Bytes, by thousands as tariffs count them: `820 MB`, `312 GB`, `1.2 TB`."""
    if octets is None:
        return NOTHING
    for name, size in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if octets >= size:
            whole, tenths = divmod(octets * 10 // size, 10)
            return f"{whole}{f'.{tenths}' if tenths and whole < 10 else ''}{GAP}{name}"
    return f"{octets // 1000}{GAP}kB"


@register.filter
def lasting(span: timedelta | None) -> str:
    """How long something took or has lasted: `0.41 s`, `41 min`, `2 h 10 min`, `61 days`."""
    if span is None:
        return NOTHING
    hundredths = span // timedelta(milliseconds=10)
    seconds = hundredths // 100
    if seconds < 10 and hundredths % 100:
        return f"{seconds}.{hundredths % 100:02d}{GAP}s"
    if seconds < 60:
        return f"{seconds}{GAP}s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 60:
        return f"{minutes}{GAP}min"
    if hours < 48:
        return f"{hours}{GAP}h" + (f" {minutes % 60}{GAP}min" if minutes % 60 else "")
    return ngettext("%(count)d day", "%(count)d days", days) % {"count": days}


@register.filter
def age(moment: datetime | None) -> str:
    """How long ago a moment was, as `lasting` says it."""
    return NOTHING if moment is None else lasting(max(timedelta(0), clock.now() - moment))


@register.simple_tag
def sparkline(values: Sequence[int] | None, kind: str = "bars", *, mark: int = 1) -> SafeString:
    """A small picture of a row of numbers: `bars` for sums, `line` or `area` for levels.

    The last `mark` bars carry the accent: they are today. Bars and areas start at zero.
    """
    if not values:
        return SafeString("")
    top = max(max(values), 1)
    drawn = _bars(values, top, mark) if kind == "bars" else _curve(values, kind)
    return format_html(
        '<svg class="sp" viewBox="0 0 100 26" preserveAspectRatio="none" aria-hidden="true">{}'
        "</svg>",
        drawn,
    )


def _bars(values: Sequence[int], top: int, mark: int) -> SafeString:
    """Columns from the ground up; coordinates are hundredths, so no rounding is seen."""
    step = 10_000 // len(values)
    heights = [2400 * max(value, 0) // top for value in values]
    return format_html_join(
        "",
        '<rect x="{}" y="{}" width="{}" height="{}" class="{}"/>',
        (
            (
                _hundredths(at * step + step // 8),
                _hundredths(2600 - height),
                _hundredths(step * 3 // 4),
                _hundredths(height),
                "hi" if at >= len(values) - mark else "",
            )
            for at, height in enumerate(heights)
        ),
    )


def _curve(values: Sequence[int], kind: str) -> SafeString:
    """A line from the lowest to the highest value; an area also has ground under it."""
    low = 0 if kind == "area" else min(values)
    high = max(max(values), low + 1)
    step = 10_000 // max(len(values) - 1, 1)
    points = " L".join(
        f"{_hundredths(at * step)} {_hundredths(2400 - 2100 * (value - low) // (high - low))}"
        for at, value in enumerate(values)
    )
    ground = format_html('<path class="a" d="M{} L100 26 L0 26 Z"/>', points)
    return format_html('{}<path d="M{}"/>', ground if kind == "area" else "", points)


def _hundredths(value: int) -> str:
    return f"{value // 100}.{value % 100:02d}"


@register.simple_tag
def tally(counts: Mapping[str, int]) -> SafeString:
    """Squares, one for each thing counted, in the order given: `{"ok": 11, "warn": 2, "bad": 1}`.

    At most sixty, so that a picture stays one.
    """
    tones = [tone for tone, count in counts.items() for _ in range(count)][:60]
    squares = format_html_join(
        "",
        '<rect class="{}" x="{}" y="9" width="9" height="9" rx="2"/>',
        ((tone, at * 12) for at, tone in enumerate(tones)),
    )
    return format_html(
        '<svg class="sp" viewBox="0 0 {} 26" preserveAspectRatio="xMinYMid" aria-hidden="true">'
        "{}</svg>",
        max(len(tones) * 12, 168),
        squares,
    )


@register.filter
def as_rows(chart: Mapping[str, Any]) -> list[tuple[str, list[int | None]]]:
    """A chart turned on its side for the table under it: each label with its series' values."""
    columns = [one["values"] for one in chart["series"]]
    return [
        (label, [column[at] if at < len(column) else None for column in columns])
        for at, label in enumerate(chart["x"])
    ]


@register.inclusion_tag("pieces/field.html")
def field(bound: BoundField, *, kind: str = "") -> Mapping[str, Any]:
    """A form's field: label above, help below, the fault below that; optional ones say so."""
    described = [f"{bound.auto_id}-help"] if bound.help_text else []
    attributes: dict[str, str | bool] = {"class": "in"}
    if bound.errors:
        described.append(f"{bound.auto_id}-error")
        attributes |= {"class": "in bad", "aria-invalid": "true", "autofocus": True}
    if described:
        attributes["aria-describedby"] = " ".join(described)
    return {"field": bound, "widget": bound.as_widget(attrs=attributes), "kind": kind}


@register.inclusion_tag("pieces/cell.html", takes_context=True)
def cell(context: template.Context, bound: BoundField) -> Mapping[str, Any]:
    """A field among many in a row. Its fault has a place of its own, which an answer to what
    is typed fills from afar (`oob` in the page's context), so that nothing typed is lost."""
    attributes: dict[str, str | bool] = {
        "class": "in", "aria-describedby": f"{bound.auto_id}-error",
    }  # fmt: skip
    if bound.errors:
        attributes["aria-invalid"] = "true"
    if not bound.field.required:
        attributes["placeholder"] = "optional"
    widget = bound.as_widget(attrs=attributes)
    return {"field": bound, "widget": widget, "oob": context.get("oob")}


@register.simple_tag(takes_context=True)
def here(context: template.Context, *addresses: str) -> SafeString:
    """The attributes of a menu entry: marked when the page is at one of its addresses."""
    path = context["request"].path if "request" in context else ""
    on = any(path == one or (one not in ROOTS and path.startswith(f"{one}/")) for one in addresses)
    return SafeString(' class="n on" aria-current="page"' if on else ' class="n"')
