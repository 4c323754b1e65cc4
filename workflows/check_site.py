# Calls an HTTP endpoint: by default the one that the local demo serves on loopback.
from lodol.workflow import Input, fail, http, log, workflow


@workflow(name="Check Site", id="665f1a2b3c4d5e6f7a8b9c0f")
def check_site(input: Input) -> None:
    """Requests the url of the input, {url}, and logs the answer."""
    url = input.url if input else "http://127.0.0.1:4599/orders"
    answer = http.request("GET", url)
    if answer.status != 200:
        fail(f"the site answered {answer.status}")
    log.info(f"the site said {answer.body}")
