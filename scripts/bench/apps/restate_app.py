"""The service of Restate, an ASGI application that hypercorn serves to the Restate server."""

import asyncio
import json

import restate
import work

order = restate.Workflow("order")


@order.main()
async def run(context: restate.WorkflowContext, given: dict) -> str:
    """The three steps, each of them durable."""
    amount = await context.run_typed("total", work.total, items=given["items"])

    async def fetch() -> int:
        return json.loads(await asyncio.to_thread(work.fetch, given["url"]))["value"]

    value = await context.run_typed("fetch", fetch)
    return await context.run_typed("sentence", work.sentence, amount=amount, value=value)


app = restate.app([order])
