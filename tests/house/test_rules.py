"""Every file obeys the house rules, and every rule bites."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

import pytest
from tests.house import conduct, shape, words
from tests.house.tree import ROOT, Source, files, sources

Rule = Callable[[Source], Iterator[str]]
RULES: tuple[Rule, ...] = (*shape.RULES, *conduct.RULES, *words.RULES)

LONG_FUNCTION = "def f() -> int:\n" + "    x = 1\n" * 50 + "    return x\n"
GOOD_COMMAND = '''"""Take payments."""
from __future__ import annotations
def take(*, payment_id: int, by: Actor) -> None:
    """Book it."""
    by.must("payments.take")
'''

# For each rule: a file that breaks it, as path and text.
PLANTED: tuple[tuple[Rule, str, str], ...] = (
    (shape.files_are_short, "src/waya/billing/models.py", "x = 1\n" * 501),
    (shape.files_are_short, "src/waya/billing/tests/test_a.py", "x = 1\n" * 801),
    (shape.functions_are_short, "tests/stories/test_a.py", LONG_FUNCTION),
    (shape.files_have_a_subject, "src/waya/billing/utils.py", ""),
    (shape.files_have_a_subject, "src/waya/billing/helpers/money.py", ""),
    (shape.names_say_something, "src/waya/billing/queries.py", "def f(data: int) -> None: ..."),
    (shape.names_say_something, "src/waya/billing/queries.py", "info = 1"),
    (shape.names_say_something, "src/waya/billing/queries.py", "class InvoiceManager: ..."),
    (shape.names_say_something, "src/waya/billing/queries.py", "def handle_it() -> None: ..."),
    (shape.modules_open_with_a_sentence, "src/waya/billing/queries.py", "x = 1"),
    (shape.modules_open_with_a_sentence, "src/waya/billing/queries.py", '"""queries"""'),
    (shape.modules_open_with_a_sentence, "src/waya/billing/__init__.py", ""),
    (shape.annotations_are_lazy, "src/waya/billing/queries.py", '"""Reads."""\nx = 1'),
    (
        shape.imports_stand_at_the_top,
        "src/waya/billing/queries.py",
        "def f() -> None:\n    import os",
    ),
    (shape.nothing_sleeps, "src/waya/lab/router.py", "import time\ntime.sleep(1)"),
    (shape.nothing_sleeps, "src/waya/lab/router.py", "from time import sleep"),
    (
        shape.http_stays_in_the_surfaces,
        "src/waya/billing/commands.py",
        "from django.http import HttpRequest",
    ),
    (
        conduct.commands_name_their_actor,
        "src/waya/billing/commands/invoices.py",
        GOOD_COMMAND.replace(", by: Actor", ""),
    ),
    (
        conduct.commands_name_their_actor,
        "src/waya/billing/commands.py",
        GOOD_COMMAND.replace("*, ", ""),
    ),
    (
        conduct.commands_name_their_actor,
        "src/waya/billing/commands.py",
        GOOD_COMMAND.replace("must", "may"),
    ),
    (
        conduct.contexts_write_their_own_models,
        "src/waya/payments/commands.py",
        "from waya.billing.models import Invoice\nInvoice.objects.filter(pk=1).update(paid=1)",
    ),
    (
        conduct.contexts_write_their_own_models,
        "src/waya/console/payments.py",
        "from waya.payments.models import Payment as P\nP.objects.create()",
    ),
    (
        conduct.locks_say_how,
        "src/waya/billing/commands.py",
        "Invoice.objects.select_for_update(of=('self',))",
    ),
    (
        conduct.locks_say_how,
        "src/waya/billing/commands.py",
        "Invoice.objects.select_for_update(no_key=True)",
    ),
    (
        conduct.models_have_no_verbs,
        "src/waya/billing/models.py",
        "class Invoice(Model):\n    def save(self) -> None: ...",
    ),
    (
        conduct.rows_are_made_in_commands,
        "src/waya/billing/queries.py",
        "Invoice.objects.get_or_create(pk=1)",
    ),
    (conduct.money_is_exact, "src/waya/billing/rules/tax.py", "rate = 0.16"),
    (conduct.money_is_exact, "src/waya/kernel/money.py", "x = float('1')"),
    (
        conduct.drivers_read_no_models,
        "src/waya/payments/drivers/daraja.py",
        "from waya.payments.models import Payment",
    ),
    (
        conduct.tasks_only_call,
        "src/waya/payments/tasks.py",
        "def drain() -> None:\n    if 1: ...",
    ),
    (
        words.one_word_for_each_thing,
        "src/waya/billing/models.py",
        "class Bill:\n    subscriber_id = 1",
    ),
    (words.one_word_for_each_thing, "src/waya/parties/queries.py", "def clients() -> int: ..."),
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_file_obeys(rule: Rule) -> None:
    found = [f"{source.path}: {fault}" for source in sources() for fault in rule(source)]
    assert not found, f"{rule.__doc__}\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("rule", "path", "text"), PLANTED, ids=[f"{rule.__name__}-{path}" for rule, path, _ in PLANTED]
)
def test_every_rule_bites(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(PurePosixPath(path), text)))


def test_every_rule_has_a_planted_file() -> None:
    assert {rule for rule, _, _ in PLANTED} == set(RULES)


@pytest.mark.parametrize("rule", conduct.RULES, ids=lambda rule: rule.__name__)
def test_a_good_command_offends_no_rule(rule: Rule) -> None:
    source = Source(PurePosixPath("src/waya/payments/commands.py"), GOOD_COMMAND)
    assert list(rule(source)) == []


def test_screens_use_our_words() -> None:
    shown = [path for path in files() if path.suffix == ".html"]
    found = [
        f"{path.relative_to(ROOT)}: {fault}"
        for path in shown
        for fault in words.screens_use_our_words(path.read_text())
    ]
    assert not found, "\n".join(found)


def test_a_wrong_word_on_a_screen_is_seen() -> None:
    assert list(words.screens_use_our_words("<p class='client'>Our Clients</p>"))
    assert not list(words.screens_use_our_words("<p class='client'>{{ client }} Customers</p>"))
