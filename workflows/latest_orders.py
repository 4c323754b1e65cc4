# Counts the orders of one's own API: the one that the stack is configured for, with its address and its credential.
# `make up` configures the demo's site, and a credential of the local Secrets Manager.
from lodol.workflow import Input, api, log, workflow


@workflow(name="Latest Orders", id="665f1a2b3c4d5e6f7a8b9c12")
def latest_orders(input: Input) -> None:
    """Asks the configured API for its orders, and logs how many there are."""
    # The path is relative to the API's address. Any status but 2xx fails the call, and with it the execution.
    answer = api.request("GET", "orders")
    log.info(f"{len(answer.orders)} orders")
