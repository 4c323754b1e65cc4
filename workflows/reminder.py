# Reminds by mail after a while. It shows a wait, of seconds or of weeks, during which nothing runs and nothing is paid.
from lodol.workflow import Input, email, time, workflow


@workflow(name="Reminder", id="665f1a2b3c4d5e6f7a8b9c10")
def reminder(input: Input) -> None:
    """Waits the seconds of the input, {seconds}, 60 without, and then sends a reminder."""
    seconds = input.seconds if input else 60
    time.sleep(seconds)
    email.send(to="ada@example.com", subject="A reminder", text="You asked to be reminded.")
