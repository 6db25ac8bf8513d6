"""The verdict of a trial: it sees each kind of fault, and names its first number."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from gateway.chaos.lines import websocket
from gateway.chaos.school import Committed
from gateway.chaos.subscribers import Heard, Subscriber
from gateway.chaos.verdict import judge

PUPIL, OTHER = uuid4(), uuid4()
KINDS = ("TASK_CREATED", "TASK_COMPLETED")
JOURNALS = {
    pupil: [Committed(seq, uuid4(), KINDS[seq % 2]) for seq in range(1, 11)]
    for pupil in (PUPIL, OTHER)
}
UNDONE = uuid4()


def told(seq: int, pupil: UUID = PUPIL, connection: int = 1) -> Heard:
    return Heard(pupil, seq, JOURNALS[pupil][seq - 1].id, seq, None, connection)


def listening(heard: list[Heard], begins: int | None = 3) -> Subscriber:
    allowed = frozenset({PUPIL})
    return Subscriber(
        "1", websocket, "", PUPIL, begins=begins, allowed=allowed, heard=heard, connections=1
    )


def faults(subscriber: Subscriber) -> list[tuple[str, int | None]]:
    return [(fault.what, fault.seq) for fault in judge(JOURNALS, {UNDONE}, [subscriber])]


def test_who_has_heard_all_after_its_number_is_content():
    assert faults(listening([told(seq) for seq in range(4, 11)])) == []


def test_who_starts_now_has_to_hear_all_from_its_first_event():
    assert faults(listening([told(seq) for seq in range(7, 11)], begins=None)) == []
    missing = listening([told(7), told(9), told(10)], begins=None)
    assert faults(missing) == [("never heard of an event", 8)]


SPOILS: list[tuple[str, int, Callable[[list[Heard]], list[Heard]]]] = [
    ("never heard of an event", 4, lambda heard: heard[1:]),
    ("never heard of an event", 6, lambda heard: heard[:2] + heard[3:]),
    ("never heard of an event", 10, lambda heard: heard[:-1]),
    ("heard twice of an event", 5, lambda heard: heard[:2] + heard[1:]),
    ("heard of a foreign pupil", 2, lambda heard: [*heard, told(2, OTHER)]),
    (
        "heard of an event that was rolled back",
        4,
        lambda heard: [replace(heard[0], id=UNDONE), *heard[1:]],
    ),
    (
        "heard of an event that is not in the journal",
        4,
        lambda heard: [replace(heard[0], id=uuid4()), *heard[1:]],
    ),
    (
        "was shown a pupil older than the event",
        4,
        lambda heard: [replace(heard[0], version=3), *heard[1:]],
    ),
    (
        "was given the id 9 for an event",
        4,
        lambda heard: [replace(heard[0], number=9), *heard[1:]],
    ),
]


@pytest.mark.parametrize(("what", "seq", "spoil"), SPOILS)
def test_a_fault_is_told_by_its_first_number(what, seq, spoil):
    heard = spoil([told(seq) for seq in range(4, 11)])
    assert (what, seq) in faults(listening(heard))


def test_two_events_that_change_places_are_a_fault():
    heard = [told(seq) for seq in (4, 6, 5, 7, 8, 9, 10)]
    assert faults(listening(heard)) == [("never heard of an event", 5)]


def test_of_some_kinds_the_others_are_not_missed():
    heard = [told(seq) for seq in range(4, 11) if seq % 2]
    assert faults(replace(listening(heard), kinds=(KINDS[1],))) == []
    assert faults(replace(listening(heard), kinds=(KINDS[0],)))[0][1] == 4


def test_a_cohort_may_miss_what_happened_between_its_connections_and_nothing_else():
    kept = [told(2, connection=1), told(3, connection=1)]
    back = [told(seq, connection=2) for seq in range(6, 11)]
    cohort = replace(listening([], None), student_id=None, connections=2)
    assert faults(replace(cohort, heard=kept + back)) == []
    assert faults(replace(cohort, heard=kept + back[:2] + back[3:]))[0][1] == 8
    assert faults(replace(cohort, heard=[*kept, told(3, connection=2)]))[0] == (
        "heard twice of an event",
        3,
    )


def test_a_word_of_the_gateways_that_nobody_may_expect_is_a_fault():
    spoilt = replace(listening([told(seq) for seq in range(4, 11)]), refusals=["what?"])
    assert faults(spoilt) == [("was told what?", None)]
