"""Servers are killed while pupils work: each subscriber hears what was committed, in order."""

from pathlib import Path

from gateway.chaos.trial import Plan, run

SHORT = Plan(seconds=12, pupils=200, writers=20, subscribers=400, seed=20261123)


def test_no_event_is_lost_repeated_or_foreign_whatever_is_killed(tmp_path: Path):
    outcome = run(SHORT, tmp_path / "home")
    assert outcome.faults == (), f"seed {outcome.seed}: " + "; ".join(map(str, outcome.faults[:5]))
    assert {"the bell is cut", "Valkey is killed"} <= {*outcome.mistreatments}
    assert {"PostgreSQL is restarted", "PostgreSQL crashes"} <= {*outcome.mistreatments}
    assert any("gateway" in each and "killed" in each for each in outcome.mistreatments)
    # it was a trial: there was work, some of it undone, and everyone came back several times
    assert outcome.committed > 0
    assert outcome.undone > 0
    assert outcome.delivered > outcome.committed
    assert outcome.connections > SHORT.subscribers
