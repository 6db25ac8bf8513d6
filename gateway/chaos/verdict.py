"""The verdict: what each subscriber heard, held against what the journals hold."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from gateway.chaos.school import Committed, Journals
from gateway.chaos.subscribers import Heard, Subscriber


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong with what one subscriber heard of one journal."""

    subscriber: str
    what: str
    student_id: UUID | None = None
    seq: int | None = None

    def __str__(self) -> str:
        where = f": pupil {self.student_id}, seq {self.seq}" if self.seq is not None else ""
        return f"subscriber {self.subscriber} {self.what}{where}"


def judge(
    journals: Journals, undone: Collection[UUID], subscribers: Iterable[Subscriber]
) -> list[Fault]:
    """All faults, one for each subscriber and pupil."""
    index = {student_id: {e.seq: e for e in events} for student_id, events in journals.items()}
    found: list[Fault] = []
    for subscriber in subscribers:
        found += [Fault(subscriber.name, f"was told {text}") for text in subscriber.refusals[:1]]
        heard: dict[UUID, list[Heard]] = {}
        for each in subscriber.heard:
            heard.setdefault(each.student_id, []).append(each)
        for student_id in heard.keys() | subscriber.allowed:
            if student_id not in subscriber.allowed:
                seq = heard[student_id][0].seq
                found.append(Fault(subscriber.name, "heard of a foreign pupil", student_id, seq))
                continue
            faults = _of_one(
                subscriber, index[student_id], undone, heard.get(student_id, []), student_id
            )
            found += [Fault(subscriber.name, what, student_id, seq) for what, seq in _first(faults)]
    return found


def _first(faults: Iterator[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    for fault in faults:
        yield fault
        return


def _of_one(
    subscriber: Subscriber,
    committed: Mapping[int, Committed],
    undone: Collection[UUID],
    heard: list[Heard],
    student_id: UUID,
) -> Iterator[tuple[str, int]]:
    """What is wrong, in the order in which it was heard."""
    whole = subscriber.student_id is not None
    position = subscriber.begins if whole else None
    connection = None
    for each in heard:
        if not whole and each.connection != connection:
            connection = each.connection  # a cohort starts now, each time
            before, position = position, None
            if before is not None and each.seq <= before:
                yield "heard twice of an event", each.seq
        if each.id in undone:
            yield "heard of an event that was rolled back", each.seq
        event = committed.get(each.seq)
        if event is None or event.id != each.id:
            yield "heard of an event that is not in the journal", each.seq
            continue
        if position is not None:
            if each.seq <= position:
                again = sum(other.seq == each.seq for other in heard) > 1
                yield f"heard {'twice' if again else 'late'} of an event", each.seq
            yield from _missed(subscriber, committed, position, each.seq)
        if each.version < each.seq:
            yield "was shown a pupil older than the event", each.seq
        if each.number is not None and each.number != each.seq:
            yield f"was given the id {each.number} for an event", each.seq
        if subscriber.kinds and event.kind not in subscriber.kinds:
            yield f"heard of {event.kind}, which it did not ask for,", each.seq
        position = each.seq
    if whole and position is None:
        yield "was never told where now is", 0
    elif position is not None and (whole or connection == subscriber.connections):
        yield from _missed(subscriber, committed, position, max(committed, default=0) + 1)


def _missed(
    subscriber: Subscriber, committed: Mapping[int, Committed], after: int, before: int
) -> Iterator[tuple[str, int]]:
    """The first event between two numbers that was due."""
    for seq in range(after + 1, before):
        if not subscriber.kinds or committed[seq].kind in subscriber.kinds:
            yield "never heard of an event", seq
            return
