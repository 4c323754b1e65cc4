"""`lodol cost`: what an execution has cost, by its history and list prices."""

from typing import TYPE_CHECKING, Any

from lodol.cli.connection import connect
from lodol.cli.console import AsJson, command, print_json, say, say_line, show_list
from lodol.cli.executions import ExecutionId
from lodol.cli.profile import ProfileName

if TYPE_CHECKING:
    from lodol.models import History


@command
def cost(execution: ExecutionId, profile_name: ProfileName = None, as_json: AsJson = False) -> None:
    """Say what an execution has cost in US dollars, as far as it has come: a model, by its history and list prices."""
    with connect(profile_name) as client:
        history = client.history(execution)
    told = _told(history)
    if as_json:
        print_json(told)
        return
    dollars = _dollars(told["dollars"])
    say_line(f"{history.workflow_name}, {history.execution_id}, {history.status}: {dollars} US dollars")
    say()
    for name, columns in (
        ("lines", ("times", "what", "basis", "dollars")),
        ("items", ("amount", "item", "basis", "dollars")),
    ):
        rows = [{**row, "dollars": _dollars(row["dollars"])} for row in told[name]]
        show_list(name, rows, columns, as_json=False)
        say()
    for sentence in told["notes"]:
        say(sentence)


def _told(history: "History") -> dict[str, Any]:
    """The cost as an object: by what the execution did (`lines`), and by what AWS bills (`items`)."""
    from lodol.cost import estimate
    from lodol.cost.usage import Usage, price_list

    prices, lines = price_list(), estimate.lines_of(history)
    usage = sum((line.usage for line in lines), Usage())
    poll, delivery = (_dollars(prices.total(estimate.part(name))) for name in ("poll", "delivery"))
    return {
        "execution_id": history.execution_id,
        "status": history.status,
        "dollars": round(prices.total(usage), 10),
        "lines": [
            {
                "what": line.words,
                "times": line.times,
                "basis": "counted" if line.is_counted else "estimated",
                "dollars": round(prices.total(line.usage), 10),
            }
            for line in lines
        ],
        "items": [
            {
                "item": price.item,
                "amount": round(getattr(usage, price.counts), 4),
                "basis": "estimated" if price.counts in estimate.ESTIMATED_AMOUNTS else "counted",
                "dollars": round(price.of(usage), 10),
            }
            for price in prices.prices
            if getattr(usage, price.counts)
        ],
        "notes": [
            f"List prices of {prices.region}, read on {prices.read_on}, without free tiers; storage is for one month.",
            f"Each poll has cost {poll} more, and each delivery to a webhook {delivery}; no history tells how many.",
            "Each event is taken to be published by itself: what is published together costs less.",
            "What a line uses each time was counted on the product; a line is estimated whose times no history tells.",
            f"Slices that only time has ended are estimated, for a time slice of {estimate.SLICE_SECONDS} s.",
        ],
    }


def _dollars(amount: float) -> str:
    """Dollars to the hundred-millionth: an execution costs far less than a cent."""
    return f"{amount:.8f}"
