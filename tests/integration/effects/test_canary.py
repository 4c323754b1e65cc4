"""Nothing that a program says leads to a server on this machine, or the API's credential to another than the API."""

import ssl
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote, unquote

import boto3
import pytest
import trustme

from domain.callables import EFFECTS, api, outgoing
from domain.callables.effect import CallContext, Outcome, Retry
from domain.callables.settings import Settings
from domain.program.calls import CallFailed
from domain.program.values import dumps
from tests.integration.effects.conftest import Run
from tests.support.internet import PUBLIC, Internet
from tests.support.programs import call, do, literal
from tests.support.site import Said, Site

CREDENTIAL = 's3/cr"et'


@pytest.fixture
def canary(site: Site) -> Iterator[Site]:
    """A server on loopback, which must not see anything."""
    site.seen.clear()
    site.answers.clear()
    yield site
    assert site.seen == []


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch) -> Internet:
    return Internet(monkeypatch)


@pytest.fixture
def port(canary: Site) -> str:
    return canary.host.rpartition(":")[2]


@pytest.fixture
def settings() -> Settings:
    """A stack that allows nothing but public addresses."""
    return Settings()


@pytest.fixture
def public() -> Iterator[Site]:
    """A server that the internet may have at one of its addresses."""
    site = Site()
    yield site
    site.close()


def get(context: CallContext, url: str, **options: Any) -> Outcome:
    return EFFECTS["http.request"].perform(context, "GET", url, dict(options))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "127.255.255.254",
        "2130706433",
        "0177.0.0.1",
        "017700000001",
        "0x7f.0.0.1",
        "0x7F000001",
        "0x7f.1",
        "0",
        "0.0.0.0",
        "localhost",
        "LocalHost",
        "localhost.",
        "127.0.0.1.",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::FFFF:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "[::1%25lo]",
        "[::1%251]",
        "[fe80::1%25lo]",
        "[::1]x",
        "[127.0.0.1]",
        "127.0.0.1%00.a.org",
        "127.0.0.1%2f",
        "%31%32%37.0.0.1",
        "%6cocalhost",
        "127.0.0.1%25lo",
        "127.0.0.1\\.a.org",
        "a.org\\@127.0.0.1",
        "a.org@127.0.0.1",
        "a.org:80@127.0.0.1",
        "@127.0.0.1",
        "127.0.0.1\t.a.org",
        "127.0.0.1\n",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "ⓛocalhost",
        "\uff11\uff12\uff17.0.0.1",
        "localhost\u00ad",
        "xn--localhost",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https", "HTTP", "ftp", "gopher"])
def test_no_spelling_of_this_machine_leads_to_it(
    context: CallContext, canary: Site, port: str, internet: Internet, scheme: str, host: str
) -> None:
    with_port = f"{scheme}://{host}:{port}/"

    try:
        outcome = get(context, with_port, timeout=2)
    except (ValueError, CallFailed):
        outcome = Retry("refused")

    assert isinstance(outcome, Retry)
    assert internet.connected == []


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "2852039166", "0xA9FEA9FE", "[::ffff:169.254.169.254]", "[fd00:ec2::254]"]
)
def test_no_spelling_of_the_metadata_of_this_machine_leads_to_it(
    context: CallContext, internet: Internet, host: str
) -> None:
    with pytest.raises(CallFailed, match="resolves to an address that is not public, which programs may not reach"):
        get(context, f"http://{host}/latest/meta-data/", timeout=2)

    assert internet.connected == []


def test_a_name_is_looked_up_once_and_what_was_checked_is_connected_to(
    context: CallContext, canary: Site, public: Site, internet: Internet, port: str
) -> None:
    """A name that resolves to this machine from its second look-up on."""
    internet.name("rebound.example", [PUBLIC], ["127.0.0.1"])
    internet.at(PUBLIC, public.host)

    outcome: Any = get(context, f"http://Rebound.example:{port}/")

    assert outcome["status"] == 200
    assert [seen.headers["host"] for seen in public.seen] == [f"rebound.example:{port}"]
    assert internet.asked["rebound.example"] == 1
    assert internet.connected == [(PUBLIC, int(port))]
    with pytest.raises(CallFailed, match="not public"):
        get(context, f"http://rebound.example:{port}/")


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("a.example", "a.example"),
        ("a.example:80", "a.example"),
        ("a.example:", "a.example"),
        ("A.example:81", "a.example:81"),
    ],
)
def test_the_host_is_told_as_it_is_usual(
    context: CallContext, public: Site, internet: Internet, authority: str, host: str
) -> None:
    internet.name("a.example", [PUBLIC])
    internet.at(PUBLIC, public.host)

    get(context, f"http://{authority}/")

    assert [seen.headers["host"] for seen in public.seen] == [host]


@pytest.mark.parametrize("dot", ["", "."])
def test_tls_asks_for_the_name_and_checks_the_certificate_for_it(
    context: CallContext, internet: Internet, monkeypatch: pytest.MonkeyPatch, dot: str
) -> None:
    authority, asked_for = trustme.CA(), list[str]()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.set_alpn_protocols(["h2", "http/1.1"])
    tls.sni_callback = lambda _, name, __: asked_for.append(name)
    authority.issue_cert("shop.example").configure_cert(tls)
    site = Site(tls)
    for name in ("shop.example", "other.example"):
        internet.name(name + dot, [PUBLIC])
    internet.at(PUBLIC, site.host)
    with authority.cert_pem.tempfile() as path:
        monkeypatch.setenv("SSL_CERT_FILE", path)

        good: Any = get(context, f"https://shop.example{dot}/")
        bad = get(context, f"https://other.example{dot}/")
    site.close()

    assert good["status"] == 200
    assert asked_for == ["shop.example", "other.example"]
    assert [seen.headers["host"] for seen in site.seen] == [f"shop.example{dot}"]
    sentence = "the certificate of the other side cannot be trusted"
    assert bad == Retry(f"GET https://other.example{dot}/: {sentence}")
    assert internet.connected == [(PUBLIC, 443)] * 2


def test_tls_offers_the_http_that_is_spoken(
    context: CallContext, internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, agreed = trustme.CA(), []
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.set_alpn_protocols(["h2", "http/1.1"])
    authority.issue_cert("shop.example").configure_cert(tls)
    site = Site(tls)
    internet.name("shop.example", [PUBLIC])
    internet.at(PUBLIC, site.host)
    shut_at = outgoing._shut_at

    def note(deadline: float, connection: Any) -> Any:
        agreed.append(connection.selected_alpn_protocol())
        return shut_at(deadline, connection)

    monkeypatch.setattr(outgoing, "_shut_at", note)
    with authority.cert_pem.tempfile() as path:
        monkeypatch.setenv("SSL_CERT_FILE", path)
        get(context, "https://shop.example/")
    site.close()

    assert agreed == ["http/1.1"]


def test_no_proxy_of_the_surroundings_is_asked(
    context: CallContext, canary: Site, public: Site, internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, canary.url)
    internet.name("a.example", [PUBLIC])
    internet.at(PUBLIC, public.host)

    get(context, "http://a.example/")

    assert len(public.seen) == 1


@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308])
def test_no_redirect_to_this_machine_is_followed(
    context: CallContext, canary: Site, public: Site, internet: Internet, status: int
) -> None:
    internet.name("a.example", [PUBLIC])
    internet.at(PUBLIC, public.host)
    public.answers["/"] = [Said(status, {"Location": f"{canary.url}/", "Refresh": f"0; url={canary.url}/"})]

    outcome: Any = get(context, "http://a.example/")

    assert (outcome["status"], outcome["headers"]["location"]) == (status, f"{canary.url}/")
    assert len(public.seen) == 1


class TestApi:
    """The credential of `api.request` goes to its base URL, and nowhere else."""

    @pytest.fixture
    def api(self, aws: None, public: Site, internet: Internet) -> Iterator[Site]:
        """The API, which has a credential."""
        boto3.client("secretsmanager").create_secret(Name="credential", SecretString=CREDENTIAL)
        internet.name("api.example", [PUBLIC])
        internet.at(PUBLIC, public.host)
        api._credential.cache_clear()
        yield public
        api._credential.cache_clear()

    @pytest.fixture
    def settings(self) -> Settings:
        # pragma: allowlist nextline secret
        return Settings(api_base_url="http://api.example/base/v1", api_credential_secret_arn="credential")

    def ask(self, context: CallContext, path: str, payload: Any = None, method: str = "GET") -> Outcome:
        return EFFECTS["api.request"].perform(context, method, path, payload)

    @pytest.mark.parametrize(
        "path",
        [
            "{canary}",
            "{canary}/",
            "//{host}/",
            "///{host}/",
            "/%2f{host}/",
            "%2f%2f{host}/",
            "/%252f{host}/",
            "\\\\{host}\\",
            "/\\{host}/",
            "%5c%5c{host}/",
            "%255c{host}",
            "http:{host}",
            "http%3a%2f%2f{host}",
            "http%253a%252f%252f{host}",
            "@{host}/",
            "/@{host}/",
            ":80@{host}/",
            "%40{host}/",
            ".{host}",
            "..",
            "../",
            "/../../..",
            "orders/../../admin",
            "orders/..",
            "%2e%2e/admin",
            ".%2E/admin",
            "%252e%252e/admin",
            "%25%32%65%25%32%65/admin",
            "..%2fadmin",
            "..%252fadmin",
            "..%5cadmin",
            "..;/admin",
            "..%3b/admin",
            "%c0%ae%c0%ae/admin",
            "%e0%80%ae%e0%80%ae/admin",
            "..%00/admin",
            "orders%00/..",
            "orders%0d%0aHost:%20{host}",
            "orders%250d%250aX:y",
            "orders\r\nHost: {host}",
            "orders HTTP/1.1\r\nHost: {host}\r\n\r\n",
            "orders#@{host}",
            "orders\t",
            "?@{host}/",
            "?/../../admin",
        ],
    )
    def test_no_path_leads_it_elsewhere(
        self, context: CallContext, canary: Site, api: Site, internet: Internet, path: str
    ) -> None:
        said = path.format(canary=canary.url, host=canary.host)

        with suppress(ValueError, CallFailed):
            self.ask(context, said)

        assert set(internet.connected) <= {(PUBLIC, 80)}
        for seen in api.seen:
            asked_for = unquote(unquote(seen.path.partition("?")[0]))
            assert asked_for.startswith("/base/v1/")
            assert ".." not in asked_for.split("/")
            assert seen.headers["host"] == "api.example"

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_no_redirect_leads_it_elsewhere(self, context: CallContext, canary: Site, api: Site, status: int) -> None:
        api.answers["/base/v1/orders"] = [Said(status, {"Location": f"{canary.url}/"}, b"moved")]

        with pytest.raises(CallFailed, match=f"GET orders was answered with {status}: moved"):
            self.ask(context, "orders")

    @pytest.mark.parametrize(
        ("content_type", "body"),
        [
            ("text/plain", f"no {CREDENTIAL} here, {CREDENTIAL}"),
            (
                "application/json",
                dumps({"headers": [{"Authorization": f"Bearer {CREDENTIAL}"}], CREDENTIAL: [1, None]}),
            ),
            ("application/json", dumps(CREDENTIAL).replace("/", "\\/")),
            ("application/json", dumps("x" * 495 + CREDENTIAL)),
        ],
        ids=["text", "object", "escaped", "late"],
    )
    @pytest.mark.parametrize("status", [200, 401, 503])
    def test_an_api_that_says_it_back_does_not_have_it_shown(
        self,
        run: Run,
        api: Site,
        dynamodb: Any,
        content_type: str,
        body: str,
        status: int,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level("INFO")
        api.answers["/base/v1/orders"] = [Said(status, {"Content-Type": content_type}, body.encode())]

        ran = run(do(call("log.info", call("api.request", literal("GET"), literal("orders")))))

        assert api.seen[0].headers["authorization"] == f"Bearer {CREDENTIAL}"
        if status == 200:
            assert "[redacted]" in caplog.text
        for form in (CREDENTIAL, dumps(CREDENTIAL)[1:-1], quote(CREDENTIAL), CREDENTIAL[:5]):
            for where in (repr(ran), caplog.text, repr(dynamodb.scan(TableName="table")["Items"])):
                assert form not in where

    @pytest.mark.parametrize(
        "body", [f'{{"{CREDENTIAL[:5]}": 1, "{CREDENTIAL[:5]}": 2}}', "{", "[" * 5000 + "]" * 5000]
    )
    def test_what_is_wrong_with_an_answer_does_not_show_it(self, context: CallContext, api: Site, body: str) -> None:
        boto3.client("secretsmanager").put_secret_value(SecretId="credential", SecretString=CREDENTIAL[:5])
        api.answers["/base/v1/orders"] = [Said(200, {"Content-Type": "application/json"}, body.encode())]

        with pytest.raises(CallFailed, match="the response says that it is JSON") as failed:
            self.ask(context, "orders")

        assert CREDENTIAL[:5] not in str(failed.value)

    def test_it_is_not_in_what_is_said_of_a_request(
        self, context: CallContext, api: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whatever crashes on the way may say what it was about."""

        def crash(request: outgoing.Request) -> Retry:
            raise RuntimeError(repr(request))

        monkeypatch.setattr(outgoing, "send", crash)

        with pytest.raises(RuntimeError, match=r"http://api\.example/base/v1/orders") as crashed:
            self.ask(context, "orders")

        assert CREDENTIAL not in str(crashed.value)
