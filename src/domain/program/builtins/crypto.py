"""`crypto.*`: fingerprints and signatures of texts, as hexadecimal digits."""

import hashlib
import hmac

from domain.program.builtins.arguments import text
from domain.program.builtins.registry import pure
from domain.program.values import Value


@pure(
    "crypto.sha256",
    "text",
    "The SHA-256 of a text.",
    "",
    gives="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
)
def sha256(value: Value) -> Value:
    return hashlib.sha256(text(value, "text").encode()).hexdigest()


@pure(
    "crypto.hmac_sha256",
    "key, text",
    "The HMAC-SHA-256 of a text, for webhooks.",
    "key",
    "text",
    gives="6afa9046a9579cad143a384c1b564b9a250d27d6f6a63f9f20bf3a7594c9e2c6",
)
def hmac_sha256(key: Value, value: Value) -> Value:
    return hmac.new(text(key, "key").encode(), text(value, "text").encode(), hashlib.sha256).hexdigest()
