"""The workflow as this product has it."""

from lodol.workflow import Input, http, workflow


@workflow(name="Order")
def order(input: Input) -> str:
    """Adds up an order, asks for a number, and makes a sentence of both."""
    amount = sum([item.price * item.quantity for item in input["items"]])
    value = http.request("GET", input.url).body.value
    return f"total {amount + value}"
