"""Prefect: a flow that is served, each of its runs being a process of its own, which is how Prefect serves flows."""

import json

import work
from prefect import flow, task


@task
def total(items):
    return work.total(items)


@task
def fetch(url):
    return json.loads(work.fetch(url))["value"]


@task
def sentence(amount, value):
    return work.sentence(amount, value)


@flow
def order(items, url):
    amount = total(items)
    return sentence(amount, fetch(url))


if __name__ == "__main__":
    order.serve(name="bench", limit=8)
