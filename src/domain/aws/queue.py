"""Queues of SQS: what one function leaves to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.aws.clients import call_aws

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class Queue:
    """A queue of the stack."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, body: str) -> None:
        """Leave a message, or raise `Unavailable` if it is unknown whether it was left."""
        call_aws(self._client.send_message, QueueUrl=self._url, MessageBody=body)
