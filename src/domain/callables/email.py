"""`email.send`: mail by Amazon SES, from the stack's configured sender."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from domain.callables.arguments import listed, parsed
from domain.callables.effect import CallContext, Outcome, Retry, effect
from domain.program.calls import CallFailed
from domain.program.values import Value
from domain.refusals import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client


def _address(text: str) -> str:
    if not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+", text):
        raise ValueError(f"must be a mail address, not {text[:60]!r}")
    return text


def _line(text: str) -> str:
    if "\r" in text or "\n" in text:
        raise ValueError("must have no line breaks")
    return text


type Address = Annotated[str, Field(max_length=320), AfterValidator(_address)]


class Mail(BaseModel):
    """The argument of `email.send`."""

    model_config = ConfigDict(extra="forbid")

    to: Annotated[list[Address], Field(min_length=1, max_length=50), BeforeValidator(listed)]
    subject: Annotated[str, Field(min_length=1), AfterValidator(_line)]
    text: str
    html: str | None = None
    reply_to: Address | None = None


@effect(
    "email.send",
    "mail",
    "Sends a mail: `{to, subject, text, html?, reply_to?}`; `to` is an address or a list of up to 50.",
    gives="`{message_id}`",
    reaches_out=True,
    reads={"mail": Mail},
)
def send(context: CallContext, mail: Value) -> Outcome:
    """Send a mail, tagged with the execution and the call that sent it."""
    if not context.settings.sender_address:
        raise CallFailed("this stack has no sender address configured")
    from botocore.exceptions import ClientError

    from domain.aws.clients import call_aws

    read = parsed(Mail, mail, "mail")
    body = {"Text": {"Data": read.text, "Charset": "UTF-8"}}
    if read.html is not None:
        body["Html"] = {"Data": read.html, "Charset": "UTF-8"}
    try:
        answer = call_aws(
            _client().send_email,
            FromEmailAddress=context.settings.sender_address,
            Destination={"ToAddresses": read.to},
            ReplyToAddresses=[read.reply_to] if read.reply_to else [],
            Content={"Simple": {"Subject": {"Data": read.subject, "Charset": "UTF-8"}, "Body": body}},  # type: ignore[typeddict-item]
            EmailTags=[
                {"Name": "execution", "Value": context.execution_id},
                {"Name": "call", "Value": f"{context.step}-{context.nth}"},
            ],
        )
    except Unavailable:
        return Retry("SES could not be reached")
    except ClientError as error:
        code = error.response["Error"]["Code"]
        reason = f"SES refused the mail: {error.response['Error'].get('Message') or code}"
        if code == "TooManyRequestsException":
            return Retry(reason)
        raise CallFailed(reason) from None
    return {"message_id": answer["MessageId"]}


@cache
def _client() -> SESV2Client:
    import boto3

    from domain.aws.clients import CLIENT_CONFIG

    return boto3.client("sesv2", config=CLIENT_CONFIG)
