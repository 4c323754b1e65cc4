"""Gathers the facts of a day: what the table has, what `lodol` finds, what was answered and what was heard."""

from collections.abc import Mapping
from dataclasses import asdict

from domain.entities import executions, reviews
from domain.entities.executions import Execution
from domain.moments import utc_now
from domain.operations.audits import audit_credits
from scripts.day import facts, plan
from scripts.day.clients import Clients
from scripts.day.cloud import STACK_NAME, Day
from scripts.day.facts import Ended, Facts
from scripts.day.plan import Order
from scripts.local.lodol import lodol
from tests.support.site import Site
from tests.support.truth import events_of


def gather(day: Day, teams: Mapping[str, Clients], orders: list[Order], site: Site, open_deliveries: int) -> Facts:
    """All that is known of a day that is over."""
    calls: dict[str, list[str]] = {}
    for seen in site.seen:
        execution_id, _, _ = seen.idempotency_key.partition(":")
        calls.setdefault(execution_id, []).append(seen.idempotency_key)
    return Facts(
        teams=tuple(_team(day, team, sum(plan.credits_of(orders, team.name)), calls) for team in teams.values()),
        doctor=lodol(day.deployed.cloud, STACK_NAME, "doctor"),
        open_deliveries=open_deliveries,
        live=tuple(day.live),
    )


def _team(day: Day, team: Clients, granted: int, calls: Mapping[str, list[str]]) -> facts.Team:
    runs = executions.list_page(day.table, team.workspace_id)
    found = [review for run in runs for review in reviews.of_execution(day.table, run.id)]
    return facts.Team(
        name=team.name,
        workspace_id=team.workspace_id,
        granted=granted,
        answers=tuple(team.answers),
        executions=tuple(_ended(day, run, calls.get(run.id, []), team) for run in runs),
        told=frozenset(events_of(day.table, runs)),
        heard=tuple(team.receiver.heard),
        audit=asdict(audit_credits(day.table, utc_now(), team.workspace_id)),
        decided=dict(team.decided),
        decisions={review.id: review.decision for review in found},
        unanswered=tuple(team.unanswered),
    )


def _ended(day: Day, run: Execution, calls: list[str], team: Clients) -> Ended:
    state = executions.read_state(day.table, run.workspace_id, run.id)
    stopped = run.id in team.stopped
    error = state.execution.error
    return Ended(run.id, state.execution.status.value, error, state.generation.number, tuple(calls), stopped)
