"""How the hands of a run share the work."""

from __future__ import annotations

import threading

from waya.billing.commands.pace import HELD_NS, LEAST, Pace


def test_a_chunk_is_as_many_as_were_billed_in_time() -> None:
    pace = Pace(1000)
    assert pace.size() == LEAST
    pace.took(LEAST, HELD_NS // 4)
    assert pace.size() == 2 * LEAST  # not more than twice, however fast
    pace.took(600, HELD_NS * 4 // 3)
    assert pace.size() == 450
    pace.took(450, HELD_NS * 10)
    assert pace.size() == LEAST
    for _ in range(5):
        pace.took(pace.size(), 1)
    assert pace.size() == 1000
    assert Pace(2).size() == 2


def test_one_hand_starts_when_the_other_says_so_or_is_done() -> None:
    pace, began, events = Pace(10), threading.Event(), list[str]()

    def other() -> None:
        with pace.turn(1):
            events.append("other")
        began.set()

    with pace.turn(1) as over:
        hand = threading.Thread(target=other)
        hand.start()
        events.append("first")
        over()
        assert began.wait(10)
        over()
    hand.join()
    assert events == ["first", "other"]
    with pace.turn(1):
        pass
    with pace.turn(1):  # the turn before is over with its end
        events.append("again")
    assert events[-1] == "again"
