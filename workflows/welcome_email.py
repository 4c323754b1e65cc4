# Greets a new user by mail. It shows how a workflow takes its input, joins texts and calls an effect.
from lodol.workflow import Input, coalesce, email, workflow


@workflow(name="Welcome Email Workflow", id="665f1a2b3c4d5e6f7a8b9c0d")
def welcome_email(input: Input) -> None:
    """Sends a welcome mail to the person in the input, {name, email}."""
    # A run without an input has None: then it greets somebody made up, and can be tried at once.
    user = coalesce(input, {"name": "Ada", "email": "ada@example.com"})

    # Once the mail is on record as sent, no crash sends it again.
    email.send(
        to=user.email,
        subject=f"Welcome, {user.name}!",
        text=f"Hello {user.name},\n\nit is good to have you with us.\n",
    )
