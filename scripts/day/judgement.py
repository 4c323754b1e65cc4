"""Whether a day was as it is promised to be, judged by its facts alone."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any

from domain.operations.outcomes import PLATFORM_FAILED
from scripts.day.facts import Ended, Facts, Heard, Team, told_by
from scripts.day.plan import Kind
from scripts.day.workflows import POSTS, REASON

REFUSALS = {"insufficient_credits", "concurrency_limit_reached", "execution_still_running"}
"""Why a run may be refused in such a day."""

_ENDS = {Kind.FAILS: "failed", Kind.RERUN: "failed", Kind.STOPPED: "stopped", Kind.BROKEN: "failed"}
_CALLS = {Kind.CALLS: POSTS, Kind.FAILS: 1, Kind.RERUN: 1, Kind.FLAKY: 1}


def judge(facts: Facts) -> list[str]:
    """Everything that is not as promised, a sentence for each; empty where all is well."""
    found = list(_doctor(facts))
    if facts.open_deliveries:
        found.append(f"{facts.open_deliveries} deliveries are still open")
    found += _code(facts)
    for team in facts.teams:
        for part in (_answers, _ends, _effects, _credits, _decisions, _events):
            found += [f"{team.name}: {sentence}" for sentence in part(team)]
    return found


def _doctor(facts: Facts) -> Iterator[str]:
    """It finds nothing, but that what was deployed last is not live, in any function."""
    if missed := sorted(set(facts.live[0]) - set(facts.doctor["not_live"])):
        yield f"doctor takes for live what was deployed last: {missed}"
    for what, ids in facts.doctor.items():
        if ids and what != "not_live":
            yield f"doctor finds {what}: {ids}"


def _code(facts: Facts) -> Iterator[str]:
    if len(facts.live) != 3:
        yield f"there were {len(facts.live) - 1} deployments, and should have been an upgrade and a rollback"
        return
    before, upgraded, after = facts.live
    for function, code in before.items():
        if upgraded[function] == code:
            yield f"{function} was not upgraded"
        if after[function] != code:
            yield f"{function} was not rolled back"


def _answers(team: Team) -> Iterator[str]:
    """A run that was answered 202 has its execution, one that was refused has none, and one key has one."""
    for key, some in groupby(sorted(team.answers, key=lambda one: one.key), key=lambda one: one.key):
        answers = list(some)
        if len({one.body for one in answers if one.status == 202}) > 1:
            yield f"the key {key} was answered in more than one way"
        for one in answers:
            if one.status != 202 and one.code not in REFUSALS:
                yield f"the run {key} was answered {one.status} {one.code}"
    for request in team.unanswered:
        yield f"nobody knows what came of {request}"
    admitted = {one.execution_id for one in team.answers if one.status == 202}
    there = {one.id for one in team.executions}
    for execution_id in sorted(admitted - there):
        yield f"the execution {execution_id} was admitted and is not there"
    for execution_id in sorted(there - admitted):
        yield f"the execution {execution_id} is there, and nobody was told so"


def _with_kinds(team: Team) -> list[tuple[Ended, Kind]]:
    """The executions of which it is known what they are."""
    kinds = {one.execution_id: one.kind for one in team.answers if one.status == 202}
    return [(one, kinds[one.id]) for one in team.executions if one.id in kinds]


def is_broken(execution: Ended) -> bool:
    """Whether the platform has given it up."""
    return execution.error == PLATFORM_FAILED


def _ends(team: Team) -> Iterator[str]:
    """Each execution has ended, in the one way that its kind ends in, unless the platform has given it up."""
    for one, kind in _with_kinds(team):
        if one.is_stopped and one.status != "stopped":
            yield f"the execution {one.id} was stopped, and is {one.status}"
        if is_broken(one):
            continue
        if one.status != _ENDS.get(kind, "success") or kind is Kind.BROKEN:
            yield f"the execution {one.id} ({kind}) is {one.status}: {one.error}"
        elif one.status == "failed" and REASON not in (one.error or ""):
            yield f"the execution {one.id} ({kind}) has failed for another reason: {one.error}"


def _effects(team: Team) -> Iterator[str]:
    """No effect has happened under more keys than the program has calls, or under fewer."""
    for one, kind in _with_kinds(team):
        made, expected = len(set(one.calls)), _CALLS.get(kind, 0)
        if made > expected or (made < expected and not is_broken(one)):
            yield f"the execution {one.id} ({kind}) made {made} calls, and should have made {expected}"


def _credits(team: Team) -> Iterator[str]:
    for difference in team.audit["differences"]:
        yield f"the audit finds that {difference}"
    refunds = sum(is_broken(one) for one in team.executions)
    due = team.granted - len(team.executions) + refunds
    if team.audit["balance"] != due:
        yield f"the balance is {team.audit['balance']}, and grants, executions and refunds make it {due}"
    if team.audit["slots_taken"]:
        yield f"{team.audit['slots_taken']} slots are taken, and nothing runs"


def _decisions(team: Team) -> Iterator[str]:
    for review_id, decision in team.decided.items():
        if team.decisions.get(review_id) != decision:
            yield f"the review {review_id} was decided {decision}, and is {team.decisions.get(review_id)}"


def _events(team: Team) -> Iterator[str]:
    """What has happened was told, by whom it may be, under one id each, counted in order; and nothing else was."""
    if strangers := sum(one.event is None for one in team.heard):
        yield f"{strangers} messages were not signed by the webhook's secret"
    known = [(one, one.event) for one in team.heard if one.event is not None]
    arrived = {told_by(event) for one, event in known if one.has_arrived}
    for told in sorted(team.told - arrived):
        yield f"the event {told} has never arrived"
    for told in sorted({told_by(event) for _, event in known} - team.told):
        yield f"the event {told} was told, and has not happened"
    bodies: dict[str, str] = {}
    for one, event in known:
        if event["workspace_id"] != team.workspace_id:
            yield f"the event {event['id']} is of another workspace"
        if bodies.setdefault(event["id"], one.body) != one.body:
            yield f"the event {event['id']} was told in more than one way"
    yield from _sequences([json.loads(body) for body in bodies.values()])


def _sequences(events: list[Any]) -> Iterator[str]:
    """The events of each execution are counted without a gap, named by their number, and the only end is the last."""

    def about(event: Any) -> tuple[str, int]:
        return event["data"]["execution_id"], event["sequence"]

    for execution_id, some in groupby(sorted(events, key=about), key=lambda event: about(event)[0]):
        its = list(some)
        if [event["sequence"] for event in its] != list(range(1, len(its) + 1)):
            yield f"the events of {execution_id} are counted {[event['sequence'] for event in its]}"
        if any(event["id"] != f"{execution_id}-{event['sequence']}" for event in its):
            yield f"the events of {execution_id} are named {[event['id'] for event in its]}"
        ends = [event["sequence"] for event in its if event["type"].startswith("execution.")]
        if ends != [its[-1]["sequence"]]:
            yield f"the execution {execution_id} has its ends at {ends} of {len(its)} events"


def first_attempts(team: Team) -> list[Heard]:
    """What was heard first of each event."""
    found: dict[str, Heard] = {}
    for one in sorted(team.heard, key=lambda one: one.at):
        if one.event is not None:
            found.setdefault(one.event["id"], one)
    return list(found.values())


def first_arrivals(team: Team) -> list[Heard]:
    """What of each event has arrived first."""
    return first_attempts(replace(team, heard=tuple(one for one in team.heard if one.has_arrived)))


def duplicates(team: Team) -> int:
    """How many messages have come though the event had arrived before."""
    arrived = Counter(one.event["id"] for one in team.heard if one.event is not None and one.has_arrived)
    return sum(arrived.values()) - len(arrived)
