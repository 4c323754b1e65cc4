# Asks a person, waits for the decision without any function running, and goes on by it.
from typing import Any

from lodol.workflow import Input, human, workflow


@workflow(name="Approval", id="665f1a2b3c4d5e6f7a8b9c11")
def approval(input: Input) -> Any:
    """Asks whether the order of the input may go out; after a day without an answer it may not."""
    review = human.create(
        {"question": "May this order go out?", "order": input},
        "ship-order",
        [],
        decisions=["approved", "rejected"],
        timeout_seconds=86400,
        default_decision="rejected",
    )
    human.wait()
    answer = human.result(review)
    return answer.decision
