# Adds up an order. It shows variables, a loop, a branch and arithmetic; nothing in it reaches outside.
# workflows/trees/order_total.yaml is the same program as it is stored: a tree of nodes.
from lodol.workflow import Input, coalesce, workflow


@workflow(name="Order Total", id="665f1a2b3c4d5e6f7a8b9c0e")
def order_total(input: Input) -> float:
    """Adds up the items of the input, {items: [{price, quantity}]}, and takes 10 percent off from 100 on."""
    # To ask None for a property fails, so it is asked for only where there is an input.
    items = coalesce(input.items if input else None, [{"price": 60, "quantity": 2}, {"price": 5, "quantity": 1}])

    total: float = 0
    for item in items:
        total += item.price * item.quantity

    if total >= 100:
        total = total * 90 / 100
    return total
