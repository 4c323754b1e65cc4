# Calls the API that the stack is configured for: locally the demo's site, with a credential from the Secrets Manager.
from lodol.workflow import Input, api, list, log, workflow


@workflow(name="Latest Orders", id="665f1a2b3c4d5e6f7a8b9c12")
def latest_orders(input: Input) -> None:
    """Asks the configured API for its orders, and logs how many there are."""
    answer = api.request("GET", "orders")
    log.info(f"{list.length(answer.orders)} orders")
