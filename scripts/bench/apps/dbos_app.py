"""DBOS on SQLite: `python dbos_app.py PORT FOLDER`, with an HTTP server in front, as an application has one."""

import json
import sys

import front
import pysqlite3
import work

# DBOS needs a newer SQLite than many an interpreter was built with.
sys.modules["sqlite3"] = pysqlite3

from dbos import DBOS


@DBOS.step()
def total(items):
    return work.total(items)


@DBOS.step()
def fetch(url):
    return json.loads(work.fetch(url))["value"]


@DBOS.step()
def sentence(amount, value):
    return work.sentence(amount, value)


@DBOS.workflow()
def order(given):
    amount = total(given["items"])
    return sentence(amount, fetch(given["url"]))


if __name__ == "__main__":
    port, folder = sys.argv[1:]
    config = {"name": "bench", "system_database_url": f"sqlite:///{folder}/dbos.sqlite", "log_level": "WARNING"}
    DBOS(config={**config, "run_admin_server": False})
    DBOS.launch()
    handles = {}

    def start(given):
        handle = DBOS.start_workflow(order, given)
        handles[handle.workflow_id] = handle
        return handle.workflow_id

    front.serve(
        int(port),
        front.runs(start, lambda run: handles.pop(run).get_result(), lambda run: DBOS.get_workflow_status(run).status),
    )
