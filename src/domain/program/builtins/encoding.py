"""`encoding.*`: texts in the forms in which the web carries them; bytes are those of UTF-8."""

import base64
import html
from collections.abc import Callable
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode

from domain.program.builtins.arguments import fields, text
from domain.program.builtins.registry import Work, pure
from domain.program.values import Value, text_of


@pure("encoding.base64_encode", "text", "As Base64.", "hi?", gives="aGk/")
def base64_encode(value: Value) -> Value:
    return base64.b64encode(_bytes(value)).decode()


@pure("encoding.base64_decode", "text", "The text behind Base64.", "aGk/", gives="hi?")
def base64_decode(value: Value) -> Value:
    return _decoded(value, "Base64", lambda written: base64.b64decode(written, validate=True))


@pure("encoding.base64url_encode", "text", "As Base64 for addresses, without padding.", "hi?", gives="aGk_")
def base64url_encode(value: Value) -> Value:
    return base64.urlsafe_b64encode(_bytes(value)).decode().rstrip("=")


@pure("encoding.base64url_decode", "text", "The text behind Base64 for addresses.", "aGk_", gives="hi?")
def base64url_decode(value: Value) -> Value:
    return _decoded(
        value,
        "Base64 for addresses",
        lambda written: base64.b64decode(written + "=" * (-len(written) % 4), altchars=b"-_", validate=True),
    )


@pure("encoding.hex_encode", "text", "As hexadecimal digits.", "hi", gives="6869")
def hex_encode(value: Value) -> Value:
    return _bytes(value).hex()


@pure("encoding.hex_decode", "text", "The text behind hexadecimal digits.", "6869", gives="hi")
def hex_decode(value: Value) -> Value:
    return _decoded(value, "hexadecimal", bytes.fromhex)


@pure("encoding.url_encode", "text", "As a part of an address.", "a b&c", gives="a%20b%26c", work=Work(reads=6))
def url_encode(value: Value) -> Value:
    return quote(_bytes(value), safe="")


@pure(
    "encoding.url_decode",
    "text",
    "The text behind a part of an address.",
    "a%20b%26c",
    gives="a b&c",
    work=Work(reads=12),
)
def url_decode(value: Value) -> Value:
    return _decoded(value, "a part of an address", unquote_to_bytes)


@pure(
    "encoding.query_encode",
    "object",
    "As the query of an address.",
    {"a": 1, "b": "x y"},
    gives="a=1&b=x+y",
    work=Work(reads=12),
)
def query_encode(value: Value) -> Value:
    return urlencode([(name, _bytes(text_of(inner))) for name, inner in fields(value, "object").items()])


@pure(
    "encoding.query_decode",
    "text",
    "The object behind a query; the last of a name counts.",
    "a=1&b=x+y",
    gives={"a": "1", "b": "x y"},
    work=Work(calls=2, reads=192),
)
def query_decode(value: Value) -> Value:
    return dict(parse_qsl(text(value, "text").removeprefix("?"), keep_blank_values=True))


@pure("encoding.html_encode", "text", "As text within HTML.", "a<b", gives="a&lt;b")
def html_encode(value: Value) -> Value:
    return html.escape(text(value, "text"))


@pure("encoding.html_decode", "text", "The text behind text within HTML.", "a&lt;b", gives="a<b", work=Work(reads=64))
def html_decode(value: Value) -> Value:
    return html.unescape(text(value, "text"))


def _bytes(value: Value) -> bytes:
    return text(value, "text").encode()


def _decoded(value: Value, form: str, decode: Callable[[str], bytes]) -> str:
    written = text(value, "text")
    try:
        return decode(written).decode()
    except ValueError:
        raise ValueError(f"text must be {form} of UTF-8 text") from None
