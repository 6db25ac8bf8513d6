"""ARIA picks agents by its rules alone: a pure function of what the journal tells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.vocabulary import Agent, EventKind
from services.aria import (
    ACTING,
    ASKED,
    NIGHT,
    OWN,
    RULES,
    Entry,
    Pick,
    counted,
    named,
    pick,
    problems,
)

agents = st.sampled_from(Agent)
entries = st.lists(
    st.builds(
        Entry,
        kind=st.sampled_from(EventKind),
        actor_agent=st.none() | agents,
        fields=st.sampled_from([(), ("displayName",), ("displayName", "options"), ("track",)]),
        count=st.integers(1, 9),
    ),
    max_size=12,
)


def acting(picked: tuple[Pick, ...]) -> list[Agent]:
    return [one.agent for one in picked]


@pytest.mark.parametrize(
    ("kind", "who"),
    [
        (EventKind.EVALUATION_GRADED, [Agent.COACH]),
        (EventKind.PROGRESS_UPDATED, [Agent.COACH]),
        (EventKind.TASK_SKIPPED, [Agent.COACH]),
        (EventKind.TASK_COMPLETED, [Agent.COACH]),
        (EventKind.EPREUVE_UPDATED, [Agent.COACH]),
        (EventKind.STUDENT_CREATED, [Agent.PLANNER, Agent.COACH]),
        (EventKind.RESOURCE_FAVORITED, []),
        (EventKind.SESSION_BOOKED, []),
        (EventKind.REPORT_GENERATED, []),
        (EventKind.AGENTS_RAN, []),
    ],
)
def test_who_acts_after_what(kind: EventKind, who: list[Agent]) -> None:
    assert acting(pick([Entry(kind)])) == who


def test_a_changed_profile_is_planned_before_it_is_coached() -> None:
    found = pick([Entry(EventKind.PROFILE_UPDATED, fields=("displayName", "options"))])
    assert acting(found) == [Agent.PLANNER, Agent.COACH]


def test_a_new_name_moves_no_agent() -> None:
    assert pick([Entry(EventKind.PROFILE_UPDATED, fields=("displayName",))]) == ()


def test_what_the_correcting_agent_did_moves_the_coach() -> None:
    assert acting(pick([Entry(EventKind.EVALUATION_GRADED, Agent.EVALUATOR)])) == [Agent.COACH]


def test_a_reason_says_what_happened_and_how_often_the_weightiest_first() -> None:
    found = pick(
        [
            Entry(EventKind.TASK_SKIPPED, count=3),
            Entry(EventKind.EVALUATION_GRADED, Agent.EVALUATOR),
            Entry(EventKind.EVALUATION_GRADED),
            Entry(EventKind.PROFILE_UPDATED, fields=("options",)),
        ]
    )
    assert [one.why for one in found] == [
        "profil modifié",
        "profil modifié, 2 évaluations corrigées et 3 tâches passées",
    ]


@given(entries, st.booleans())
def test_only_who_can_act_is_picked_each_once_and_in_order(found, night) -> None:
    who = acting(pick(found, night=night))
    assert who == [agent for agent in ACTING if agent in who]


@given(st.lists(st.builds(Entry, st.sampled_from(EventKind), st.sampled_from(sorted(OWN)))))
def test_what_the_agents_did_moves_no_agent(found) -> None:
    assert pick(found) == ()


@given(entries)
def test_the_order_of_the_entries_changes_nothing(found) -> None:
    assert pick(found) == pick(found[::-1])


@given(entries, entries)
def test_more_to_read_never_calls_an_agent_off(some, more) -> None:
    assert set(acting(pick(some))) <= set(acting(pick(some + more)))


@given(entries)
def test_every_reason_names_each_cause_and_nothing_else(found) -> None:
    counts = counted(found)
    for one in pick(found):
        for rule in RULES:
            count = counts[rule.kind]
            said = rule.one if count == 1 else f"{count} {rule.many}"
            assert (said in one.why) == (count > 0 and one.agent in rule.agents)


@given(entries)
def test_by_night_all_act_and_say_so(found) -> None:
    night = pick(found, night=True)
    assert acting(night) == list(ACTING)
    assert all(one.why.endswith(NIGHT) for one in night)


@given(st.lists(agents), entries)
def test_who_is_named_acts_once_because_it_was_asked_for(who, found) -> None:
    picked = pick(found)
    ran = named(who, picked)
    asked = [agent for agent in ACTING if agent in who]
    assert [one.agent for one in ran if one.why == ASKED] == asked
    others = [one for one in ran if one.why != ASKED]
    assert others == [one for one in picked if Agent.ARIA in who and one.agent not in who]


@given(st.lists(agents, min_size=1))
def test_each_agent_that_cannot_act_is_refused_where_it_stands(who) -> None:
    wrong = [error.path for error in problems(who)]
    assert wrong == [("agents", str(i)) for i, one in enumerate(who) if one not in OWN]


def test_nobody_named_is_refused_and_nothing_said_leaves_it_to_aria() -> None:
    assert [error.path for error in problems([])] == [("agents",)]
    assert list(problems(None)) == []
