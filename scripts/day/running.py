"""Runs a day: the load, what breaks meanwhile, and the evening in which all that is open comes to its end."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

from domain.entities import deliveries, executions
from domain.entities.api_keys import Scope
from domain.entities.executions import Status
from domain.entities.workspaces import Plan
from domain.moments import utc_now
from domain.operations import accounts
from scripts.day import plan
from scripts.day.clients import Clients
from scripts.day.cloud import STACK_NAME, Day, newer
from scripts.day.plan import Incident, Kind, Order, Trouble
from scripts.day.receiver import Receiver
from scripts.day.workflows import workflows
from scripts.local import cloud as clouds
from scripts.local import deployment
from scripts.local.client import Client
from scripts.local.lodol import lodol
from tests.support.operations import publish
from tests.support.site import Said, Seen, Site
from tests.support.truth import events_of

HOME = deployment.ROOT / ".local" / "day"
_ORDERS_AT_ONCE, _RUNNING_AT_ONCE, _INCIDENTS_AT_ONCE = 16, 24, 8
_ENDED_WITHIN, _ARRIVED_WITHIN = 10 * 60, 25 * 60
"""Seconds of the evening: reconciliation takes a minute or two, and the last retry of a delivery eight and some."""
_BROKEN_WITHIN = 150
_REQUESTS_PER_MINUTE = 100_000
_FLAKY_FAILS = 2

type Say = Callable[[str], None]


@contextmanager
def deployed(site: Site, say: Say) -> Iterator[Day]:
    """The stack of the day, on a cloud of its own."""
    HOME.mkdir(parents=True, exist_ok=True)
    (HOME / "cloud.log").unlink(missing_ok=True)
    build = HOME / "build"
    say("building the functions")
    deployment.build(build)
    cloud = clouds.start(clouds.free_port(), HOME, keeps_state=False)
    try:
        say("deploying the template")
        parameters = {"AllowedHosts": site.host}
        found = deployment.deploy(cloud, build, STACK_NAME, parameters)
        yield Day(found, newer(build), parameters, say)
    finally:
        cloud.stop()
        clouds.clear(HOME)


def open_up(day: Day, site: Site, seed: int, orders: list[Order]) -> dict[str, Clients]:
    """Make the workspaces, each with its workflows, a key and a webhook."""
    return {name: _team(day, site, seed, name, plan.credits_of(orders, name)[0]) for name in plan.SLOTS}


def _team(day: Day, site: Site, seed: int, name: str, granted: int) -> Clients:
    now = utc_now()
    workspace = accounts.create_workspace(
        day.table,
        now,
        name=name,
        plan=Plan.ENTERPRISE,
        credits=granted,
        requests_per_minute=_REQUESTS_PER_MINUTE,
        concurrent_executions=plan.SLOTS[name],
    )
    key, _ = accounts.create_key(day.table, now, workspace, frozenset(Scope))
    ids = {
        kind: publish(day.table, now, workspace.id, name=kind, description="", program=program).id
        for kind, program in workflows(site.at(Said()), site.at(_flaky())).items()
    }
    receiver = Receiver(f"{seed} {name}")
    client = Client(day.deployed.api_url, key)
    made = client.send("POST", "/v1/webhooks", {"url": site.at(receiver.answer)}).json()
    receiver.secret = made["secret"]
    return Clients(name, workspace.id, client, ids, receiver, seed)


def live_through(day: Day, teams: Mapping[str, Clients], orders: list[Order], incidents: list[Incident]) -> None:
    """Let everything happen at its time, and wait until all that runs has ended."""
    is_over = threading.Event()
    grant = plan.credits_of(orders, plan.SMALL)[1]
    with ThreadPoolExecutor(len(teams) + 2) as side_by_side:
        deciding = [side_by_side.submit(team.decide_until, is_over) for team in teams.values()]
        try:
            asking = side_by_side.submit(_ask_for, day, teams, orders)
            suffering = side_by_side.submit(_let_happen, day, teams[plan.SMALL], incidents, grant)
            asking.result()
            suffering.result()
            until(lambda: not executions.count_open(day.table), _ENDED_WITHIN)
        finally:
            is_over.set()
        for future in deciding:
            future.result()


def _ask_for(day: Day, teams: Mapping[str, Clients], orders: list[Order]) -> None:
    """Ask for each run at its time, or later, when no more run than this machine can take."""
    begun = time.monotonic()
    with ThreadPoolExecutor(_ORDERS_AT_ONCE) as clients:
        following = []
        for one in orders:
            time.sleep(max(0.0, begun + one.at - time.monotonic()))
            until(lambda: sum(map(len, executions.count_open(day.table).values())) < _RUNNING_AT_ONCE, _ENDED_WITHIN)
            following.append(clients.submit(_follow, day, teams[one.team], one))
        for future in following:
            future.result()


def _let_happen(day: Day, small: Clients, incidents: list[Incident], grant: int) -> None:
    """Let each incident happen at its time, one deployment after the other."""
    begun = time.monotonic()
    with ThreadPoolExecutor(_INCIDENTS_AT_ONCE) as elsewhere, ThreadPoolExecutor(1) as deployments:
        happening: list[Future[None]] = []
        for one in incidents:
            time.sleep(max(0.0, begun + one.at - time.monotonic()))
            match one.trouble:
                case Trouble.GRANT:
                    happening.append(elsewhere.submit(_grant, day, small, grant))
                case Trouble.UPGRADE | Trouble.ROLL_BACK:
                    happening.append(deployments.submit(day.suffer, one))
                case _:
                    happening.append(elsewhere.submit(day.suffer, one))
        for future in happening:
            future.result()


def _grant(day: Day, small: Clients, amount: int) -> None:
    grant = ("credits", "grant", small.workspace_id, str(amount), "--reason", "noon", "--key", "noon")
    lodol(day.deployed.cloud, STACK_NAME, *grant)


def _follow(day: Day, team: Clients, order: Order) -> None:
    execution_id = team.carry_out(order)
    if not execution_id:
        return
    if order.kind is Kind.STOPPED:
        time.sleep(order.patience)
        team.stop(execution_id)
    elif order.kind is Kind.BROKEN:
        with day.telling:
            until(lambda: _breaks(day, team.workspace_id, execution_id), _BROKEN_WITHIN, 0.1)
        # One that was not given up is stopped, so that the day has an end.
        team.stop(execution_id)


def _breaks(day: Day, workspace_id: str, execution_id: str) -> bool:
    """End whatever generation an execution has reached; answers whether it has ended itself."""
    state = executions.read_state(day.table, workspace_id, execution_id)
    number = state.generation.number
    day.lose(execution_id if number == 1 else f"{execution_id}-{number}")
    return state.execution.status is not Status.RUNNING


def come_to_rest(day: Day, teams: Mapping[str, Clients]) -> int:
    """Wait until every event has arrived; answers with how many deliveries are open all the same."""
    missing = {
        team.name: events_of(day.table, executions.list_page(day.table, team.workspace_id)) for team in teams.values()
    }

    def have_arrived() -> bool:
        for team in teams.values():
            missing[team.name] -= team.receiver.arrived()
        return not any(missing.values()) and not open_deliveries(day)

    until(have_arrived, _ARRIVED_WITHIN)
    return open_deliveries(day)


def open_deliveries(day: Day) -> int:
    """How many deliveries are on their way."""
    return sum(1 for _ in deliveries.list_due(day.table, utc_now() + timedelta(days=365)))


def _flaky() -> Callable[[Seen], Said]:
    """Fails each call at first, and wants it tried again."""
    asked: Counter[str] = Counter()

    def answer(seen: Seen) -> Said:
        asked[seen.idempotency_key] += 1
        return Said(503, {"Retry-After": "1"}) if asked[seen.idempotency_key] <= _FLAKY_FAILS else Said()

    return answer


def until(holds: Callable[[], bool], seconds: float, every: float = 1) -> None:
    """Wait until something holds, at most so many seconds: what is not as it should be then, is judged."""
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(every)
