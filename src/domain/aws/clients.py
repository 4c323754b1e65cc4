"""How AWS is called: clients bounded well below the gateway's 29 seconds, and what it means that no answer came."""

from collections.abc import Callable

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from domain.refusals import Throttled, Unavailable

CLIENT_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 3},
    # botocore's own names all that it runs on, and is put together twice for each call: a third of what a call costs.
    user_agent="lodol-executions",
)

_THROTTLED = {"ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded"}


def call_aws[**P, T](operation: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call an operation of a client.

    Raises `Unavailable` if AWS did not answer, or answered with an error of its own: whether the operation was carried
    out is then unknown, and the caller must be able to repeat it. Raises `Throttled`, a kind of `Unavailable`, if AWS
    turned the call away: it was not carried out.
    """
    try:
        return operation(*args, **kwargs)
    except BotoCoreError as error:
        raise Unavailable from error
    except ClientError as error:
        if error.response["Error"]["Code"] in _THROTTLED:
            raise Throttled from error
        if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
            raise Unavailable from error
        raise
