import pytest

from o11y.app import Role, check_doors, check_role, retries_messages
from o11y.settings import Settings, SettingsError

SERVERS = {"clickhouse_url": "http://clickhouse:8123", "redis_url": "redis://redis"}


@pytest.mark.parametrize("role", [Role.INGEST, Role.EVALUATE])
@pytest.mark.parametrize("given", [[], ["clickhouse_url"], ["redis_url"]])
def test_a_role_of_its_own_needs_servers_and_the_refusal_names_both_settings(role: Role, given: list[str]) -> None:
    settings = Settings(**{name: SERVERS[name] for name in given})
    with pytest.raises(SettingsError) as refused:
        check_role(settings, role)
    assert "O11Y_CLICKHOUSE_URL" in str(refused.value)
    assert "O11Y_REDIS_URL" in str(refused.value)
    assert f"--role {role}" in str(refused.value)


@pytest.mark.parametrize("role", list(Role))
def test_with_servers_every_role_may_run_alone(role: Role) -> None:
    check_role(Settings(**SERVERS), role)


def test_one_process_of_all_roles_may_embed_both() -> None:
    check_role(Settings(), Role.ALL)


def test_a_door_sends_what_waits_only_with_both_webhooks_and_an_evaluator_always() -> None:
    page = {"slack_page_webhook_url": "https://hooks.slack.com/services/T0/B0/page"}
    both = {**page, "slack_ticket_webhook_url": "https://hooks.slack.com/services/T0/B0/ticket"}
    assert not retries_messages(Settings(**SERVERS), Role.INGEST)
    assert not retries_messages(Settings(**SERVERS, **page), Role.INGEST)
    assert retries_messages(Settings(**SERVERS, **both), Role.INGEST)
    assert all(retries_messages(Settings(**SERVERS), role) for role in (Role.EVALUATE, Role.ALL))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "o11y.example.com", "localhost.example.com"])
def test_off_loopback_tokens_have_to_be_chosen(host: str) -> None:
    with pytest.raises(SettingsError, match=r"O11Y_HOST: .* is not loopback, and needs O11Y_ADMIN_TOKENS") as refused:
        check_doors(Settings(host=host))
    assert host in str(refused.value)
    check_doors(Settings(host=host, admin_tokens='{"ann": {"token": "a-long-chosen-one", "role": "viewer"}}'))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_on_loopback_the_tokens_made_at_the_first_start_are_enough(host: str) -> None:
    check_doors(Settings(host=host))
