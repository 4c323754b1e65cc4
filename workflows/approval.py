# Lets a person decide. It shows a review, the wait for its decision, and what counts where nobody decides.
from typing import Any

from lodol.workflow import Input, human, workflow


@workflow(name="Approval", id="665f1a2b3c4d5e6f7a8b9c11")
def approval(input: Input) -> Any:
    """Asks whether the order of the input may go out; after a day without an answer it may not."""
    # What a person is shown, and what there is to choose from: `lodol review decide`, or the API, takes one of them.
    review = human.create(
        {"question": "May this order go out?", "order": input},
        action_id="ship-order",
        decisions=["approved", "rejected"],
        timeout_seconds=86_400,
        default_decision="rejected",
    )

    # Nothing runs until it is decided. Several reviews that were created before this would all be waited for.
    human.wait()

    answer = human.result(review)
    return answer.decision
