import pytest

from o11y.http.client_secrets import ClientSecrets

CLIENTS = ClientSecrets({"first": ["old", "new"], "second": ["schlüssel"]})


@pytest.mark.parametrize(
    ("secret", "client"),
    [
        ("old", "first"),
        ("new", "first"),
        ("  new\t", "first"),
        ("schlüssel", "second"),
        ("", None),
        ("ol", None),
        ("oldnew", None),
        ("first", None),
        ("OLD", None),
        ("x" * 100_000, None),
    ],
)
def test_a_secret_names_its_client(secret: str, client: str | None) -> None:
    assert CLIENTS.client_of(secret.encode()) == client


def test_bytes_that_are_no_text_name_nobody() -> None:
    assert CLIENTS.client_of(b"\xff\x00") is None


def test_nothing_shows_a_secret() -> None:
    assert repr(CLIENTS) == "ClientSecrets(3 secrets of 2 clients)"


def test_an_empty_secret_is_refused_naming_the_client() -> None:
    with pytest.raises(ValueError, match="'gateway' has an empty secret"):
        ClientSecrets({"gateway": [" "]})


def test_two_clients_cannot_share_a_secret_and_the_error_does_not_tell_it() -> None:
    with pytest.raises(ValueError, match="share a secret") as refused:
        ClientSecrets({"a": ["hush"], "b": ["hush"]})
    assert "hush" not in str(refused.value)
