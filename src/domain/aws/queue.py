"""Queues of SQS: what one function leaves to another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import batched
from typing import TYPE_CHECKING

from domain.aws.clients import call_aws
from domain.refusals import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_SENT_AT_ONCE = 10


class Queue:
    """A queue of the stack."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def send_in_groups(self, messages: Sequence[tuple[str, str, str]]) -> None:
        """Leave messages, each as its group, the id by which a repeat is known, and its body.

        Raises `Unavailable` if it is unknown of any whether it was left.
        """
        for some in batched(messages, _SENT_AT_ONCE, strict=False):
            entries: list[SendMessageBatchRequestEntryTypeDef] = [
                {"Id": str(number), "MessageGroupId": group, "MessageDeduplicationId": known_by, "MessageBody": body}
                for number, (group, known_by, body) in enumerate(some)
            ]
            answer = call_aws(self._client.send_message_batch, QueueUrl=self._url, Entries=entries)
            if answer.get("Failed"):
                raise Unavailable

    def send(self, body: str) -> None:
        """Leave a message, or raise `Unavailable` if it is unknown whether it was left."""
        call_aws(self._client.send_message, QueueUrl=self._url, MessageBody=body)
