"""RouterOS's query words: the examples of its manual, and an index that changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waya.lab.router.menus import MENUS
from waya.lab.router.queries import BadQuery, compile_query
from waya.lab.router.tables import Table

ROWS = [
    {"name": "ether1", "type": "ether", "mtu": "1500", "disabled": "false"},
    {"name": "vlan7", "type": "vlan", "mtu": "9", "disabled": "true", "comment": "uplink"},
    {"name": "pppoe", "type": "pppoe", "mtu": "1480", "disabled": "false"},
]


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ([], "ether1 vlan7 pppoe"),
        (["comment"], "vlan7"),
        (["-comment"], "ether1 pppoe"),
        (["type=ether"], "ether1"),
        (["=type=ether"], "ether1"),
        (["type=ether", "type=vlan", "#|"], "ether1 vlan7"),
        (["type=ether", "type=vlan", "type=pppoe", "#||"], "ether1 vlan7 pppoe"),
        (["type=ether", "type=vlan", "#|!"], "pppoe"),
        (["type=ether", "type=vlan", "#!|"], "ether1 pppoe"),
        (["type=ether", "type=vlan"], ""),
        (["disabled=no", "mtu=1500", "#&"], "ether1"),
        ([">mtu=1480"], "ether1"),
        (["<mtu=1480"], "vlan7"),
        (["disabled=yes"], "vlan7"),
        (["disabled=true"], "vlan7"),
        (["type=ether", "type=vlan", "#1"], "ether1"),
        (["type=ether", "#.!|"], "ether1 vlan7 pppoe"),
        (["type=vlan", "type=ether", "#1.|", "#0"], "ether1 vlan7"),
    ],
)
def test_queries_keep_what_the_manual_says(words: list[str], kept: str) -> None:
    term = compile_query(words)
    assert [row["name"] for row in ROWS if term is None or term.keeps(row)] == kept.split()


@pytest.mark.parametrize("words", [["#|"], ["a", "#|"], ["a", "#5"], ["a", "#?"]])
def test_a_query_that_asks_too_much_of_its_stack_is_refused(words: list[str]) -> None:
    with pytest.raises(BadQuery):
        compile_query(words)


names = st.sampled_from(["amina", "brian", "chebet", "dan"])
leaves = names.map(lambda name: [f"name={name}"]) | st.sampled_from(
    [["comment"], ["-comment"], ["profile=home"], ["profile=wall"]]
)
queries = st.recursive(
    leaves,
    lambda inner: (
        st.builds(lambda a, b: [*a, *b, "#|"], inner, inner)
        | st.builds(lambda a, b: [*a, *b, "#&"], inner, inner)
        | st.builds(lambda a: [*a, "#!"], inner)
        | st.builds(lambda a, b: [*a, *b], inner, inner)
    ),
    max_leaves=6,
)
rows = st.lists(
    st.builds(
        lambda name, profile, comment: {"name": name, "profile": profile, **comment},
        names,
        st.sampled_from(["home", "wall"]),
        st.sampled_from([{}, {"comment": "x"}]),
    ),
    max_size=8,
)


@settings(deadline=None)
@given(held=rows, words=queries)
def test_an_index_finds_what_going_through_all_rows_would(
    held: list[dict[str, str]], words: list[str]
) -> None:
    table = Table(next(menu for menu in MENUS if menu.path == "/ppp/secret"))
    for row in held:
        table.add(dict(row))
    term = compile_query(words)
    assert term is not None
    found = {row[".id"] for row in table.select(term)}
    assert found == {row[".id"] for row in table.rows.values() if term.keeps(row)}
