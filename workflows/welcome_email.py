# Greets a new user: composes a mail from the input and sends it.
from lodol.workflow import Input, coalesce, email, workflow


@workflow(name="Welcome Email Workflow", id="665f1a2b3c4d5e6f7a8b9c0d")
def welcome_email(input: Input) -> None:
    """Sends a welcome mail to the person in the input."""
    user = coalesce(input, {"name": "Ada", "email": "ada@example.com"})
    mail = {
        "to": user.email,
        "subject": f"Welcome, {user.name}!",
        "text": f"Hello {user.name},\n\nit is good to have you with us.\n",
    }
    email.send(mail)
