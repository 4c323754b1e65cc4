"""What `make up` shows of its sample."""

from scripts.local.up import _mails_of


def test_the_mail_that_is_shown_is_the_samples_own() -> None:
    ended = {"steps": [{"result": {"name": "Grace"}}, {"result": None}, {"result": {"message_id": "own"}}]}
    own = {"MessageId": "own", "Subject": "Welcome"}
    inbox = {"messages": {"000000000000": [own, {"MessageId": "other", "Subject": "A reminder"}]}}

    assert _mails_of(ended, inbox) == [own]
