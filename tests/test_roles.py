import pytest

from o11y.app import Role, check_role, retries_messages
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
