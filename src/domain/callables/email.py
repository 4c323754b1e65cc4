"""`email.send`: mail by Amazon SES, from the stack's configured sender."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.callables.effect import CallContext, Outcome, Retry, effect
from domain.program.calls import CallFailed
from domain.program.values import Value

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

_PASSING = {"TooManyRequestsException", "ThrottlingException", "InternalServiceErrorException"}

type Address = Annotated[str, Field(pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$", max_length=320)]


class Mail(BaseModel):
    """The argument of `email.send`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    to: Address | Annotated[list[Address], Field(min_length=1, max_length=50)]
    subject: Annotated[str, Field(min_length=1, pattern=r"^[^\r\n]*$")]
    text: str
    html: str | None = None
    reply_to: Address | None = None


@effect(
    "email.send",
    "mail",
    "Sends a mail: `{to, subject, text, html?, reply_to?}`; `to` is an address or a list of up to 50.",
    gives="`{message_id}`",
    reaches_out=True,
)
def send(context: CallContext, mail: Value) -> Outcome:
    """Send a mail, tagged with the execution and the call that sent it."""
    if not context.settings.sender_address:
        raise CallFailed("this stack has no sender address configured")
    parsed = _parse(mail)
    from botocore.exceptions import BotoCoreError, ClientError

    body = {"Text": {"Data": parsed.text, "Charset": "UTF-8"}}
    if parsed.html is not None:
        body["Html"] = {"Data": parsed.html, "Charset": "UTF-8"}
    try:
        answer = _client().send_email(
            FromEmailAddress=context.settings.sender_address,
            Destination={"ToAddresses": [parsed.to] if isinstance(parsed.to, str) else parsed.to},
            ReplyToAddresses=[parsed.reply_to] if parsed.reply_to else [],
            Content={"Simple": {"Subject": {"Data": parsed.subject, "Charset": "UTF-8"}, "Body": body}},  # type: ignore[typeddict-item]
            EmailTags=[
                {"Name": "execution", "Value": context.execution_id},
                {"Name": "call", "Value": f"{context.step}-{context.nth}"},
            ],
        )
    except ClientError as error:
        reason = f"SES refused the mail: {error.response['Error'].get('Message', error.response['Error']['Code'])}"
        if error.response["Error"]["Code"] in _PASSING:
            return Retry(reason)
        raise CallFailed(reason) from None
    except BotoCoreError as error:
        return Retry(f"SES could not be reached: {error}")
    return {"message_id": answer["MessageId"]}


def _parse(mail: Value) -> Mail:
    try:
        return Mail.model_validate(mail)
    except ValidationError as invalid:
        problem = invalid.errors()[0]
        where = str(problem["loc"][0]) if problem["loc"] else "the mail"
        if problem["type"] == "extra_forbidden":
            raise ValueError(f"{where} is not a field of a mail: to, subject, text, html, reply_to") from None
        if problem["type"] == "missing":
            raise ValueError(f"the mail has no {where}") from None
        raise ValueError(f"{where} of the mail cannot be used: {problem['msg']}") from None


@cache
def _client() -> SESV2Client:
    import boto3

    from domain.aws.clients import CLIENT_CONFIG

    return boto3.client("sesv2", config=CLIENT_CONFIG)
