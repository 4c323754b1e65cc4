"""`email.send`: one mail by SES from the stack's sender, or a sentence on what is wrong with it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from domain.aws import clients
from domain.callables import EFFECTS, email
from domain.callables.effect import CallContext, Outcome, Retry
from domain.callables.settings import Settings
from domain.program.calls import CallFailed
from domain.program.values import Value
from tests.integration.effects.conftest import Run
from tests.support.programs import call, do, literal
from tests.support.site import Said, Seen, Site

SENDER = "hello@lodol.example"
MAIL: dict[str, Any] = {"to": "ada@a.org", "subject": "Grüße", "text": "Hello"}


@pytest.fixture
def settings() -> Settings:
    return Settings(sender_address=SENDER)


@pytest.fixture
def cold(aws: None) -> Iterator[None]:
    """A worker that has no client yet."""
    email._client.cache_clear()
    yield
    email._client.cache_clear()


@pytest.fixture
def identities(cold: None) -> Any:
    """SES, in which the sender is verified."""
    client = boto3.client("sesv2")
    client.create_email_identity(EmailIdentity=SENDER)
    return client


def send(context: CallContext, mail: Value) -> Outcome:
    return EFFECTS["email.send"].perform(context, mail)


def sent() -> list[Any]:
    messages: list[Any] = ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages
    return messages


def test_a_mail_is_sent(run: Run, identities: Any) -> None:
    ran = run(do(call("email.send", literal(MAIL))))

    [message] = sent()
    assert ran.outcome == ("success", None, [{"message_id": message.id}])
    assert (message.source, message.subject, message.body) == (SENDER, "Grüße", "Hello")
    assert message.destinations == {"ToAddresses": ["ada@a.org"]}


class TestOnTheWire:
    """What SES is sent, and what its answers come to."""

    @pytest.fixture(autouse=True)
    def ses(self, cold: None, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        site.answers["/ses/v2/email/outbound-emails"] = [Said(200, {}, b'{"MessageId": "m"}')]
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"{site.url}/ses")
        monkeypatch.setattr(clients, "CLIENT_CONFIG", Config(retries={"total_max_attempts": 1}))

    def seen(self, site: Site) -> Any:
        request: Seen = site.seen[-1]
        return json.loads(request.body)

    def test_only_what_a_mail_must_have(self, context: CallContext, site: Site) -> None:
        assert send(context, MAIL) == {"message_id": "m"}

        assert self.seen(site) == {
            "FromEmailAddress": SENDER,
            "Destination": {"ToAddresses": ["ada@a.org"]},
            "ReplyToAddresses": [],
            "Content": {
                "Simple": {
                    "Subject": {"Data": "Grüße", "Charset": "UTF-8"},
                    "Body": {"Text": {"Data": "Hello", "Charset": "UTF-8"}},
                }
            },
            "EmailTags": [
                {"Name": "execution", "Value": "68d12af3b5f0c1d2e3f4a5b3"},
                {"Name": "call", "Value": "2-3"},
            ],
        }

    def test_everything_that_a_mail_can_have(self, context: CallContext, site: Site) -> None:
        many: list[Value] = [f"a{number}@a.org" for number in range(50)]
        send(context, {**MAIL, "to": many, "html": "<p>", "reply_to": "bob@b.com"})

        seen = self.seen(site)
        assert seen["Destination"] == {"ToAddresses": many}
        assert seen["ReplyToAddresses"] == ["bob@b.com"]
        assert seen["Content"]["Simple"]["Body"]["Html"] == {"Data": "<p>", "Charset": "UTF-8"}

    def test_html_may_be_empty_and_what_is_null_is_left_out(self, context: CallContext, site: Site) -> None:
        send(context, {**MAIL, "html": "", "reply_to": None})
        assert self.seen(site)["Content"]["Simple"]["Body"]["Html"]["Data"] == ""

        send(context, {**MAIL, "html": None})
        assert "Html" not in self.seen(site)["Content"]["Simple"]["Body"]

    @pytest.mark.parametrize(
        ("status", "code", "outcome"),
        [
            (429, "TooManyRequestsException", Retry("SES refused the mail: slow down")),
            (400, "ThrottlingException", Retry("SES could not be reached")),
            (500, "InternalServiceErrorException", Retry("SES could not be reached")),
            (503, "ServiceUnavailable", Retry("SES could not be reached")),
        ],
    )
    def test_what_may_pass_is_tried_again(
        self, context: CallContext, site: Site, status: int, code: str, outcome: Retry
    ) -> None:
        refusal = Said(status, {"x-amzn-ErrorType": code}, b'{"message": "slow down"}')
        site.answers["/ses/v2/email/outbound-emails"] = [refusal]

        assert send(context, MAIL) == outcome

    def test_what_will_not_pass_fails_the_call(self, context: CallContext, site: Site) -> None:
        refusal = Said(400, {"x-amzn-ErrorType": "SendingPausedException"}, b"{}")
        site.answers["/ses/v2/email/outbound-emails"] = [refusal]

        with pytest.raises(CallFailed, match=r"^SES refused the mail: SendingPausedException$"):
            send(context, MAIL)

    def test_no_answer_is_tried_again(self, context: CallContext, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", "http://127.0.0.1:9")

        assert send(context, MAIL) == Retry("SES could not be reached")


def test_a_sender_that_is_not_verified_fails_the_call(context: CallContext, identities: Any) -> None:
    identities.delete_email_identity(EmailIdentity=SENDER)

    with pytest.raises(CallFailed, match=r"^SES refused the mail: .*verified"):
        send(context, MAIL)
    assert sent() == []


def test_without_a_sender_there_is_no_mail(context: CallContext) -> None:
    with pytest.raises(CallFailed, match="this stack has no sender address configured"):
        send(replace(context, settings=Settings()), MAIL)


@pytest.mark.parametrize(
    ("mail", "sentence"),
    [
        (None, "mail.to is missing"),
        ("ada@a.org", "mail must be an object"),
        ([], "mail must be an object"),
        ({**MAIL, "cc": "a@b.c"}, "mail.cc is unknown; mail has to, subject, text, html, reply_to"),
        ({"to": "a@b.c", "subject": "s"}, "mail.text is missing"),
        ({**MAIL, "to": None}, "mail.to.0 must be a string"),
        ({**MAIL, "to": []}, "mail.to must not be empty"),
        ({**MAIL, "to": ["a@b.c"] * 51}, "mail.to must have at most 50 items"),
        ({**MAIL, "to": ["a@b.c", 5]}, "mail.to.1 must be a string"),
        ({**MAIL, "to": ["a@b.c", "Ada"]}, "mail.to.1 must be a mail address, not 'Ada'"),
        ({**MAIL, "to": "a@b.c, d@e.f"}, "mail.to.0 must be a mail address, not 'a@b.c, d@e.f'"),
        ({**MAIL, "to": "Ada <a@b.c>"}, "mail.to.0 must be a mail address, not 'Ada <a@b.c>'"),
        ({**MAIL, "to": "a@b@c"}, "mail.to.0 must be a mail address, not 'a@b@c'"),
        ({**MAIL, "to": "a@b.c\n"}, "mail.to.0 must be a mail address, not 'a@b.c\\n'"),
        ({**MAIL, "to": "a@b.c\r\nBcc: d@e.f"}, "mail.to.0 must be a mail address, not 'a@b.c\\r\\nBcc: d@e.f'"),
        ({**MAIL, "to": "a" * 317 + "@b.c"}, "mail.to.0 must have at most 320 characters"),
        ({**MAIL, "subject": ""}, "mail.subject must not be empty"),
        ({**MAIL, "subject": 5}, "mail.subject must be a string"),
        ({**MAIL, "subject": "a\r\nBcc: d@e.f"}, "mail.subject must have no line breaks"),
        ({**MAIL, "subject": "a\n"}, "mail.subject must have no line breaks"),
        ({**MAIL, "subject": "\ra"}, "mail.subject must have no line breaks"),
        ({**MAIL, "text": None}, "mail.text must be a string"),
        ({**MAIL, "html": 5}, "mail.html must be a string"),
        ({**MAIL, "reply_to": "nobody"}, "mail.reply_to must be a mail address, not 'nobody'"),
    ],
)
def test_what_is_no_mail_is_refused(context: CallContext, mail: Any, sentence: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - what it says is compared as a whole
        send(context, mail)

    assert str(refused.value) == sentence


def test_an_address_may_be_as_long_as_mail_allows(context: CallContext, identities: Any) -> None:
    send(context, {**MAIL, "to": "a" * 316 + "@b.c"})

    assert len(sent()) == 1
