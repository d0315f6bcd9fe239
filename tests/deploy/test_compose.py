"""The compose files name what is there, publish nothing, and give every secret as a file.

The keys: https://github.com/compose-spec/compose-spec/blob/main/spec.md . Where a docker with compose is installed, it
reads the files too.
"""

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from o11y.settings import Settings, load_settings

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SLACK = yaml.safe_load((DEPLOY / "compose.slack.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]

TOP = {"name", "services", "networks", "volumes", "secrets"}
OF_A_SERVICE = {
    "build", "cap_drop", "command", "depends_on", "env_file", "environment", "healthcheck", "image", "init", "logging",
    "networks", "ports", "profiles", "read_only", "restart", "secrets", "security_opt", "stop_grace_period", "tmpfs",
    "ulimits", "user", "volumes",
}  # fmt: skip
SETTINGS = {f"O11Y_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("file", [COMPOSE, SLACK])
def test_it_uses_keys_of_the_specification_alone(file: dict[str, Any]) -> None:
    assert {key for key in file if not key.startswith("x-")} <= TOP
    for name, service in file["services"].items():
        assert service.keys() <= OF_A_SERVICE, name


def test_everything_that_a_service_names_is_declared_and_everything_declared_is_used() -> None:
    used: dict[str, set[str]] = {"networks": set(), "volumes": set(), "secrets": set()}
    for service in SERVICES.values():
        used["networks"] |= set(service["networks"])
        used["secrets"] |= set(service.get("secrets", ()))
        used["volumes"] |= {v.split(":")[0] for v in service.get("volumes", ()) if not v.startswith(".")}
        assert set(service.get("depends_on", {})) <= SERVICES.keys()
    for kind, names in used.items():
        assert names == COMPOSE[kind].keys(), kind


def test_every_file_that_is_mounted_is_there_and_cannot_be_written() -> None:
    mounts = [v for service in SERVICES.values() for v in service.get("volumes", ()) if v.startswith(".")]
    assert len(mounts) > 5
    for mount in mounts:
        source, _, mode = mount.split(":")
        assert (DEPLOY / source).exists(), source
        assert mode == "ro", mount


@pytest.mark.parametrize("service", [name for name, one in SERVICES.items() if "ports" in one])
def test_it_publishes_on_loopback_alone(service: str) -> None:
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in SERVICES[service]["ports"])


def test_the_stores_are_not_published_and_reach_nobody() -> None:
    assert COMPOSE["networks"]["stores"] == {"internal": True}
    for store in ("clickhouse", "redis"):
        assert SERVICES[store]["networks"] == ["stores"]
        assert "ports" not in SERVICES[store]


def test_images_are_pinned_to_a_version_and_nobody_gains_privileges() -> None:
    for name, service in SERVICES.items():
        tag = service["image"].partition(":")[2]
        assert tag == "local" or re.match(r"v?\d+\.\d+", tag), name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "privileged" not in service


def test_every_service_that_stays_is_asked_whether_it_is_well_and_started_again() -> None:
    for name, service in SERVICES.items():
        if name == "migrate":
            assert "restart" not in service  # it ends
            continue
        assert service["restart"] == "unless-stopped"
        assert "healthcheck" in service or service["image"] == "o11y:local", name  # the image has its own


def test_redis_keeps_what_it_was_told_and_says_no_rather_than_forget() -> None:
    start = (DEPLOY / "redis" / "start.sh").read_text(encoding="utf-8")
    assert "--appendonly yes --appendfsync always" in start
    assert "--maxmemory-policy noeviction" in start
    assert "redis:/data" in SERVICES["redis"]["volumes"]


def test_replicas_never_share_a_data_folder() -> None:
    replicas = [one for one in SERVICES.values() if one["image"] == "o11y:local" and "command" not in one]
    volumes = [volume for one in replicas for volume in one["volumes"]]
    assert len(volumes) == len(set(volumes)) == len(replicas) == 2


def test_prometheus_scrapes_every_replica() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = config["scrape_configs"]
    assert job["job_name"] == "o11y"  # what alerts and dashboards ask for
    (found,) = job["dns_sd_configs"]
    assert set(found["names"]) == {"o11y", "o11y-2"} <= SERVICES.keys()
    mounted = {volume.split(":")[1] for volume in SERVICES["prometheus"]["volumes"]}
    assert {*config["rule_files"], "/etc/prometheus/prometheus.yml"} <= mounted


def test_every_setting_named_anywhere_in_the_folder_is_one() -> None:
    seen = set()
    for path in DEPLOY.rglob("*"):
        if path.is_file() and path.parent.name != "secrets" and path.suffix not in (".pyc",):
            for name in re.findall(r"\bO11Y_[A-Z0-9_]+\b", path.read_text(encoding="utf-8")):
                seen.add(name)
                assert name in SETTINGS or name.removesuffix("_FILE") in SETTINGS, f"{path.name}: {name}"
    assert len(seen) > 10


def test_a_secret_is_given_as_a_file_that_the_service_has() -> None:
    for file in (COMPOSE, SLACK):
        for name, service in file["services"].items():
            for variable, value in service.get("environment", {}).items():
                if "/run/secrets/" in str(value):
                    assert variable.endswith("_FILE"), variable
                    assert Path(value).name in service["secrets"], f"{name}: {variable}"
                else:
                    assert not re.search("PASSWORD|TOKEN|SECRET|KEY", variable), variable


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "secrets"
    subprocess.run([DEPLOY / "make-secrets.sh", folder], check=True, capture_output=True)
    return folder


def test_the_secrets_that_are_made_are_those_that_are_declared(secrets: Path) -> None:
    declared = {Path(one["file"]).name for one in COMPOSE["secrets"].values()}
    assert {path.name for path in secrets.iterdir()} == declared == COMPOSE["secrets"].keys()
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700  # nobody else enters
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets.iterdir()} == {0o444}  # users of containers read
    passwords = [path.read_text() for path in secrets.glob("*_password")]
    assert len({*passwords}) == len(passwords) == 5
    assert all(len(password.strip()) == 48 for password in passwords)


def test_secrets_that_are_there_are_kept(secrets: Path) -> None:
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    subprocess.run([DEPLOY / "make-secrets.sh", secrets], check=True, capture_output=True)
    assert {path.name: path.read_text() for path in secrets.iterdir()} == before


@pytest.mark.parametrize("service", ["o11y", "o11y-2", "migrate"])
def test_o11y_takes_the_settings_of_a_service_with_the_secrets_that_are_made(
    service: str, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("O11Y_")]:
        monkeypatch.delenv(name)
    for name, value in SERVICES[service]["environment"].items():
        monkeypatch.setenv(name, str(value).replace("/run/secrets", str(secrets)))
    settings = load_settings()
    assert not settings.embedded_clickhouse
    if service != "migrate":
        assert not settings.embedded_redis
        assert settings.client_secrets
        assert settings.admin_tokens  # off loopback there is no start without


@pytest.mark.skipif(shutil.which("docker") is None, reason="no docker here")
def test_docker_compose_reads_it(secrets: Path) -> None:
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0:
        pytest.skip("docker has no compose here")
    command = ["docker", "compose", "-f", "compose.yaml", "-f", "compose.slack.yaml", "config", "--format", "json"]
    read = subprocess.run(command, cwd=DEPLOY, capture_output=True, check=False)
    assert read.returncode == 0, read.stderr.decode()
    merged = json.loads(read.stdout)
    assert "slack_page_webhook_url" in str(merged["services"]["o11y"]["secrets"])
