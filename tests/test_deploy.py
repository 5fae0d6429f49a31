"""What is needed to run it elsewhere stays true: files that exist, variables that are read, pinned versions."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dlcodegen_core.config import ENVIRONMENT_VARIABLES, SERVING_VARIABLES, ServingSettings, Settings

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
VARIABLES = {*ENVIRONMENT_VARIABLES.values(), *SERVING_VARIABLES.values()}
DOCKERFILE = (DEPLOY / "Dockerfile").read_text("utf-8")
UNIT = (DEPLOY / "dlcodegen.service").read_text("utf-8")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    return loaded


def _env_file(name: str) -> dict[str, str]:
    lines = [line for line in (DEPLOY / name).read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def _pinned(package: str) -> str:
    found = re.search(rf"^{package}==(\S+)$", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    assert found, package
    return found[1]


def _unit_values(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", UNIT, re.MULTILINE)


def test_every_variable_that_compose_sets_is_one_that_is_read(compose: dict[str, Any]) -> None:
    assert set(compose["services"]["workbench"]["environment"]) <= VARIABLES


def test_every_variable_of_the_services_file_reaches_the_workbench(compose: dict[str, Any]) -> None:
    told = set(_env_file("services.env")) - {"COMPOSE_PROFILES"}
    assert told <= set(compose["services"]["workbench"]["environment"])


def test_the_services_are_named_as_compose_names_them(compose: dict[str, Any]) -> None:
    given = {name: value.replace("${POSTGRES_PASSWORD}", "x") for name, value in _env_file("services.env").items()}
    settings = Settings.from_environment(given)
    hosts = {settings.chroma_host, settings.ollama_host.split("//")[1].split(":")[0]}
    hosts |= {re.split(r"[@/:]+", settings.redis_url)[1], settings.database_url.split("@")[1].split("/")[0]}
    assert hosts == set(compose["services"]) - {"workbench"}


def test_the_workbench_starts_alone_and_only_it_is_published_on_this_machine(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if name == "workbench":
            assert "profiles" not in service
            assert all(port.startswith("127.0.0.1:") for port in service["ports"])
            assert all(not each["required"] for each in service["depends_on"].values())
        else:
            assert "services" in service["profiles"] and "ports" not in service
            assert service["healthcheck"]["test"][0] == "CMD"
    assert compose["networks"]["inside"] == {"internal": True}


def test_every_volume_that_is_used_is_declared(compose: dict[str, Any]) -> None:
    used = {volume.split(":")[0] for service in compose["services"].values() for volume in service.get("volumes", ())}
    assert used == set(compose["volumes"])


def test_the_chroma_server_is_the_client_s_version(compose: dict[str, Any]) -> None:
    assert compose["services"]["chroma"]["image"] == f"chromadb/chroma:{_pinned('chromadb')}"


def test_no_image_is_whatever_is_latest(compose: dict[str, Any]) -> None:
    images = [service["image"] for name, service in compose["services"].items() if name != "workbench"]
    images += re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert all(re.search(r":[\w.-]*\d", image) for image in images)


def test_everything_that_the_image_takes_along_exists_and_all_that_runs_is_among_it() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert "*" in lines
    taken = {line[1:] for line in lines if line.startswith("!")}
    assert [path for path in taken if not (ROOT / path).exists()] == []
    assert {"app.py", "workbench.py", "pages", "dlcodegen_core", "requirements.txt", "deploy/start.sh"} <= taken
    assert not any("secrets" in path or ".data" in path or path == ".streamlit" for path in taken)


def test_the_image_runs_as_nobody_in_particular_on_the_python_that_the_project_asks_for() -> None:
    assert re.search(r"^USER dlcodegen$", DOCKERFILE, re.MULTILINE)
    asked = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert asked and set(re.findall(r"^FROM python:([\d.]+)-slim", DOCKERFILE, re.MULTILINE)) == {asked[1]}


def test_the_image_s_health_check_asks_a_route_that_needs_no_key() -> None:
    from dlcodegen_core.serving.gate import OPEN_PATHS

    asked = re.search(r"\['PORT'\] \+ '(/\w+)'", DOCKERFILE)
    assert asked and asked[1] in OPEN_PATHS


def test_the_port_is_the_same_everywhere(compose: dict[str, Any]) -> None:
    port = re.search(r"PORT=(\d+)", DOCKERFILE)
    assert port and compose["services"]["workbench"]["ports"] == [f"127.0.0.1:{port[1]}:{port[1]}"]
    assert f"EXPOSE {port[1]}" in DOCKERFILE
    assert f"port = {port[1]}" in (ROOT / ".streamlit" / "config.toml").read_text("utf-8")
    assert f"--server.port {port[1]}" in UNIT


def test_the_unit_starts_what_there_is_and_sets_what_is_read() -> None:
    for command in _unit_values("(?:# )?ExecStart"):
        words = shlex.split(command)
        assert words[1] == "-m"
        assert words[2] in ("streamlit", "dlcodegen_core")
        assert words[2] != "streamlit" or (ROOT / words[4]).is_file()
    set_here = {pair.split("=")[0] for line in _unit_values("Environment") for pair in shlex.split(line)}
    assert {name for name in set_here if not name.startswith("PYTHON")} <= VARIABLES
    assert (ROOT / _unit_values("Documentation")[0].removeprefix("file:///opt/dlcodegen/")).is_file()


def test_the_unit_can_write_its_home_alone() -> None:
    home = re.search(r"DLCODEGEN_HOME=(\S+)", UNIT)
    assert home and _unit_values("ReadWritePaths") == [home[1]]
    assert _unit_values("ProtectSystem") == ["strict"]
    assert _unit_values("NoNewPrivileges") == ["yes"]


@pytest.mark.parametrize(("key", "address"), [("editor:abc", "0.0.0.0"), ("", "127.0.0.1")])
def test_the_container_listens_to_other_machines_only_with_a_key(tmp_path: Path, key: str, address: str) -> None:
    """The real script, with a program in place of Python that says how it was called."""
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "DLCODEGEN_API_KEY": key, "PORT": "8501"}
    script = ["sh", str(DEPLOY / "start.sh")]
    for arguments, called in (
        ([], f"-m streamlit run app.py --server.address {address} --server.port 8501"),
        (["serve", "--workers", "2"], f"-m dlcodegen_core serve --host {address} --port 8501 --workers 2"),
        (["train", "data.json"], "-m dlcodegen_core train data.json"),
    ):
        done = subprocess.run([*script, *arguments], capture_output=True, text=True, env=environment, check=True)
        assert done.stdout.strip() == called
        assert ("DLCODEGEN_API_KEY is not set" in done.stderr) == (not key and arguments[:1] != ["train"])


def test_the_document_names_only_variables_that_are_read_and_all_of_them() -> None:
    told = set(re.findall(r"\| `([A-Z_]+)` \|", (ROOT / "docs" / "deployment.md").read_text("utf-8")))
    assert told == VARIABLES
    assert ServingSettings.from_environment({}) == ServingSettings()
