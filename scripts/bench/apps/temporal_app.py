"""Temporal: a worker with an HTTP server in front, as an application has one: `python temporal_app.py PORT SERVER`."""

import asyncio
import json
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    import front
    import work

_WITHIN = timedelta(seconds=60)


@activity.defn
def total(items: list) -> int:
    return work.total(items)


@activity.defn
def fetch(url: str) -> int:
    return json.loads(work.fetch(url))["value"]


@activity.defn
def sentence(given: list) -> str:
    return work.sentence(*given)


@workflow.defn
class Order:
    @workflow.run
    async def run(self, given: dict) -> str:
        amount = await workflow.execute_activity(total, given["items"], start_to_close_timeout=_WITHIN)
        value = await workflow.execute_activity(fetch, given["url"], start_to_close_timeout=_WITHIN)
        return await workflow.execute_activity(sentence, [amount, value], start_to_close_timeout=_WITHIN)


async def main(port: int, server: str) -> None:
    client = await Client.connect(server)
    loop = asyncio.get_running_loop()

    def now(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result()

    def start(given: dict) -> str:
        return now(client.start_workflow(Order.run, given, id=str(uuid.uuid4()), task_queue="bench")).id

    def wait(run: str) -> str:
        return now(client.get_workflow_handle(run).result())

    def status(run: str) -> str:
        return now(client.get_workflow_handle(run).describe()).status.name

    with ThreadPoolExecutor(32) as pool:
        activities = [total, fetch, sentence]
        worker = Worker(client, task_queue="bench", workflows=[Order], activities=activities, activity_executor=pool)
        threading.Thread(target=front.serve, args=(port, front.runs(start, wait, status)), daemon=True).start()
        await worker.run()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
