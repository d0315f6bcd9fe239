import hmac
from collections.abc import Mapping

import pytest

from o11y.http.client_secrets import ClientSecrets

SECRETS = {"first": ["old", "new"], "second": ["schlüssel"], "third": ["秘密", "🗝️"]}
CLIENTS = ClientSecrets(SECRETS)


class Counting:
    """``compare_digest``, and the pairs that it was asked about."""

    def __init__(self) -> None:
        self.pairs: list[tuple[bytes, bytes]] = []

    def __call__(self, known: bytes, given: bytes) -> bool:
        self.pairs.append((known, given))
        return hmac.compare_digest(known, given)


@pytest.mark.parametrize(
    ("secret", "client"),
    [
        ("old", "first"),
        ("new", "first"),
        ("  new\t", "first"),
        ("schlüssel", "second"),
        ("秘密", "third"),
        ("🗝️", "third"),
        ("", None),
        ("ol", None),
        ("oldnew", None),
        ("first", None),
        ("OLD", None),
        ("schlussel", None),
        ("x" * 100_000, None),
    ],
)
def test_a_secret_names_its_client(secret: str, client: str | None) -> None:
    assert CLIENTS.client_of(secret.encode()) == client


@pytest.mark.parametrize("secret", ["old", "new", "schlüssel", "秘密", "🗝️", "nobody's", "", "x" * 100_000])
def test_every_secret_is_compared_whatever_matches_and_as_digests_of_one_length(secret: str) -> None:
    compare = Counting()
    ClientSecrets(SECRETS, compare=compare).client_of(secret.encode())
    assert len(compare.pairs) == sum(map(len, SECRETS.values()))
    assert {len(value) for pair in compare.pairs for value in pair} == {32}
    assert len({given for _, given in compare.pairs}) == 1


def test_the_comparison_is_the_constant_time_one_unless_a_test_counts() -> None:
    assert ClientSecrets.__init__.__kwdefaults__ == {"compare": hmac.compare_digest}


def test_bytes_that_are_no_text_name_nobody() -> None:
    assert CLIENTS.client_of(b"\xff\x00") is None


def test_nothing_shows_a_secret() -> None:
    assert repr(CLIENTS) == "ClientSecrets(5 secrets of 3 clients)"


def test_an_empty_secret_is_refused_naming_the_client() -> None:
    with pytest.raises(ValueError, match="'gateway' has an empty secret"):
        ClientSecrets({"gateway": [" "]})


def test_two_clients_cannot_share_a_secret_and_the_error_does_not_tell_it() -> None:
    with pytest.raises(ValueError, match="share a secret") as refused:
        ClientSecrets({"a": ["hush"], "b": ["hush"]})
    assert "hush" not in str(refused.value)


def test_a_rotation_goes_through_both_secrets_to_the_new_one() -> None:
    clients = ClientSecrets({"gateway": ["old"]})
    clients.replace({"gateway": ["old", "new"]})
    assert [clients.client_of(secret) for secret in (b"old", b"new")] == ["gateway", "gateway"]
    clients.replace({"gateway": ["new"]})
    assert [clients.client_of(secret) for secret in (b"old", b"new")] == [None, "gateway"]


@pytest.mark.parametrize("bad", [{"gateway": [""]}, {"gateway": ["new"], "other": ["new"]}])
def test_secrets_that_cannot_be_used_change_nothing(bad: Mapping[str, list[str]]) -> None:
    clients = ClientSecrets({"gateway": ["old"]})
    with pytest.raises(ValueError, match="secret"):
        clients.replace(bad)
    assert [clients.client_of(secret) for secret in (b"old", b"new")] == ["gateway", None]
