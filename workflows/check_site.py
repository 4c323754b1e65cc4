# Asks whether a site is well. It shows an HTTP request, what is done with its answer, and how an execution fails.
from lodol.workflow import Input, fail, http, log, workflow


@workflow(name="Check Site", id="665f1a2b3c4d5e6f7a8b9c0f")
def check_site(input: Input) -> None:
    """Requests the url of the input, {url}, and logs the answer."""
    # Without an input it asks the site that `make up` serves on this machine.
    url = input.url if input else "http://127.0.0.1:4599/orders"

    # A connection that fails, and 429, 502, 503 and 504, have been tried four times before this goes on.
    answer = http.request("GET", url)

    # Any status is an answer: what counts as a failure is for the workflow to say.
    if answer.status != 200:
        fail(f"the site answered {answer.status}")
    log.info(f"the site said {answer.body}")
