"""A plugin of detect-secrets, named in .secrets.baseline: API keys of ours, in which no other expects `-` and `_`."""

import re

from detect_secrets.plugins.base import RegexBasedDetector


class KeyDetector(RegexBasedDetector):
    """Finds the text of an API key, as `domain.entities.api_keys.new_text` makes it."""

    secret_type = "Lodol API key"  # pragma: allowlist secret  # noqa: S105 - a name
    denylist = (re.compile(r"sk_live_[\w-]{43}"),)
