"""RouterOS's API queries: a stack of yes and no for each row, worked out once per command.

Source: MikroTik's API manual, "Queries". A row is kept if nothing on its stack is no.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from waya.lab.router.values import BadValue, read_truth

Row = Mapping[str, str]


class BadQuery(Exception):
    """The query asks for more than its stack holds."""


@dataclass(frozen=True, slots=True)
class Has:
    key: str

    def keeps(self, row: Row) -> bool:
        return self.key in row


@dataclass(frozen=True, slots=True)
class Among:
    """The value is one of these; `a or b or c` on one key becomes this."""

    key: str
    values: frozenset[str]

    def keeps(self, row: Row) -> bool:
        value = row.get(self.key)
        if value in ("true", "false"):
            return value in {_truth(wanted) for wanted in self.values}
        return value in self.values


@dataclass(frozen=True, slots=True)
class Beyond:
    """The value is below (`<`) or above (`>`); whole numbers compare as numbers."""

    key: str
    value: str
    above: bool

    def keeps(self, row: Row) -> bool:
        held = row.get(self.key)
        if held is None:
            return False
        if held.isdigit() and self.value.isdigit():
            left, right = int(held), int(self.value)
            return left > right if self.above else left < right
        return held > self.value if self.above else held < self.value


@dataclass(frozen=True, slots=True)
class Not:
    term: Term

    def keeps(self, row: Row) -> bool:
        return not self.term.keeps(row)


@dataclass(frozen=True, slots=True)
class Both:
    terms: tuple[Term, ...]

    def keeps(self, row: Row) -> bool:
        return all(term.keeps(row) for term in self.terms)


@dataclass(frozen=True, slots=True)
class Either:
    left: Term
    right: Term

    def keeps(self, row: Row) -> bool:
        return self.left.keeps(row) or self.right.keeps(row)


Term = Has | Among | Beyond | Not | Both | Either


@dataclass(slots=True)
class _Stack:
    terms: list[Term] = field(default_factory=list)

    def pop(self) -> Term:
        if not self.terms:
            raise BadQuery("query stack is empty")
        return self.terms.pop()

    def at(self, index: int) -> Term:
        if index >= len(self.terms):
            raise BadQuery("query stack is too short")
        return self.terms[-1 - index]


def compile_query(words: Iterable[str]) -> Term | None:
    """The one condition that these words (without their `?`) add up to; none keeps all."""
    stack = _Stack()
    for word in words:
        if word.startswith("#"):
            _operate(stack, word[1:])
        else:
            stack.terms.append(_term(word))
    if not stack.terms:
        return None
    return stack.terms[0] if len(stack.terms) == 1 else Both(tuple(stack.terms))


def names_asked(term: Term | None, key: str) -> frozenset[str] | None:
    """The only values of `key` that any kept row can have; none if it cannot be told."""
    if isinstance(term, Among) and term.key == key:
        return term.values
    if isinstance(term, Both):
        for part in term.terms:
            named = names_asked(part, key)
            if named is not None:
                return named
    return None


def _term(word: str) -> Term:
    if word.startswith("-"):
        return Not(Has(word[1:]))
    if word.startswith(("<", ">")):
        key, _, value = word[1:].partition("=")
        return Beyond(key, value, above=word[0] == ">")
    key, equals, value = word.removeprefix("=").partition("=")
    return Among(key, frozenset((value,))) if equals else Has(key)


def _operate(stack: _Stack, operations: str) -> None:
    digits = ""
    for operation in operations:
        if operation.isdigit():
            digits += operation
            continue
        if digits:  # an index before another character copies that value to the top
            stack.terms.append(stack.at(int(digits)))
            digits = ""
            if operation == ".":
                continue
        _apply(stack, operation)
    if digits:  # an index at the end replaces the whole stack by that value
        stack.terms = [stack.at(int(digits))]


def _apply(stack: _Stack, operation: str) -> None:
    match operation:
        case "!":
            stack.terms.append(Not(stack.pop()))
        case "&":
            right, left = stack.pop(), stack.pop()
            stack.terms.append(Both((left, right)))
        case "|":
            right, left = stack.pop(), stack.pop()
            stack.terms.append(_either(left, right))
        case ".":
            stack.terms.append(stack.at(0))
        case _:
            raise BadQuery(f"unknown query operation {operation}")


def _either(left: Term, right: Term) -> Term:
    if isinstance(left, Among) and isinstance(right, Among) and left.key == right.key:
        return Among(left.key, left.values | right.values)
    return Either(left, right)


def _truth(text: str) -> str:
    try:
        return read_truth(text)
    except BadValue:
        return text
