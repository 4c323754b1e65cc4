"""What a day came to, in figures: a table for who reads, and for docs/guarantees.md."""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from scripts.bench.tables import table
from scripts.day.facts import Facts, Heard
from scripts.day.judgement import duplicates, first_arrivals, first_attempts, is_broken


def figures(facts: Facts, suffered: Mapping[str, int], statuses: Mapping[str, int], seconds: float) -> str:
    """The table of a day that lasted so many seconds, until the last delivery."""
    teams = facts.teams
    answers = [one for team in teams for one in team.answers]
    ended = [one for team in teams for one in team.executions]
    heard = [one for team in teams for one in team.heard]
    refused = Counter(one.code for one in answers if one.status != 202)
    outcomes = Counter("given up, and refunded" if is_broken(one) else one.status for one in ended)
    failures = sum((status.startswith("5") and count) or 0 for status, count in statuses.items())
    killed = {what.removeprefix("killed: "): count for what, count in suffered.items() if what.startswith("killed: ")}
    arrivals = [seconds for team in teams for seconds in _seconds_after_ends(first_arrivals(team))]
    attempts = [seconds for team in teams for seconds in _seconds_after_ends(first_attempts(team))]
    calls = Counter(call for one in ended for call in one.calls)
    rows: list[tuple[str, str]] = [
        ("Executions admitted, each charged once", _number(len(ended))),
        ("as they ended", _shares(outcomes)),
        ("Runs refused", _shares(refused)),
        (
            "Requests repeated after a 5xx, after a conflict, after no answer at all",
            ", ".join(
                _number(count) for count in (failures, statuses.get("409", 0), statuses.get("without an answer", 0))
            ),
        ),
        ("Repeats under one key, one execution each", _number(len(answers) - len({one.key for one in answers}))),
        ("Workers killed", f"{_number(sum(killed.values()))}: {_shares(killed)}"),
        ("Step Functions executions ended from outside", _number(suffered.get("lost", 0))),
        ("the same, the status event lost as well", _number(suffered.get("lost, and nobody told", 0))),
        ("Generations beyond the first", _number(sum(one.generation - 1 for one in ended))),
        (
            "Status events, and changes of the stream, that came again",
            ", ".join(
                _number(suffered.get(what, 0)) for what in ("status events that came again", "changes that came again")
            ),
        ),
        ("Effects: keys, and requests under them", f"{_number(len(calls))}, {_number(calls.total())}"),
        ("Events that followed from the table, and arrived", _number(sum(len(team.told) for team in teams))),
        (
            "Attempts to deliver them, and those of them that failed",
            ", ".join(_number(count) for count in (len(heard), sum(not one.has_arrived for one in heard))),
        ),
        ("Messages of what had arrived before", _number(sum(duplicates(team) for team in teams))),
        ("Seconds from an end to the first attempt to tell it, at the median and for 95 of 100", _spread(attempts)),
        ("Seconds from an end until it has arrived, likewise", _spread(arrivals)),
        ("Minutes until the last delivery", f"{seconds / 60:.0f}"),
    ]
    return table(["What", "How many"], rows)


def _seconds_after_ends(firsts: Iterable[Heard]) -> list[float]:
    """How many seconds after it became true each end was heard of."""
    return [
        max(0.0, one.at - datetime.fromisoformat(one.event["timestamp"]).timestamp())
        for one in firsts
        if one.event is not None and one.event["type"].startswith("execution.")
    ]


def _spread(values: list[float]) -> str:
    late = sorted(values)[min(len(values) - 1, int(0.95 * len(values)))]
    return f"{statistics.median(values):.0f}, {late:.0f}"


def _shares(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{_number(count)} {what}" for what, count in sorted(counts.items(), key=lambda one: -one[1]))


def _number(count: int) -> str:
    return f"{count:,}"
