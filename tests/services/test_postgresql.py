"""The store's contract on a real PostgreSQL server, started here on a free port; skipped where there is none."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dlcodegen_core.data.pairs import Pair
from dlcodegen_core.data.store import DatasetStore, Edits
from dlcodegen_core.errors import DatasetError, EditConflict
from dlcodegen_core.experiments import ExperimentStore
from dlcodegen_core.storage.database import open_database
from tests.data.store.contract import CONTRACT
from tests.experiments.contract import CONTRACT as EXPERIMENTS
from tests.experiments.contract import Opened
from tests.feedback.contract import CONTRACT as FEEDBACK_CONTRACT

pytestmark = pytest.mark.service


def _binary(name: str) -> Path | None:
    """A program of PostgreSQL, which Debian keeps out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    return found[-1] if found else Path(which) if (which := shutil.which(name)) else None


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of an empty database."""
    initdb, postgres = _binary("initdb"), _binary("postgres")
    if initdb is None or postgres is None:
        pytest.skip("no PostgreSQL on this machine: on Debian and Ubuntu, apt-get install postgresql")
    as_user = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        try:
            as_user = {"user": pwd.getpwnam("postgres").pw_uid, "group": pwd.getpwnam("postgres").pw_gid}
        except KeyError:
            pytest.skip("PostgreSQL does not run as root, and there is no user called postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="postgresql-") as folder:
        if as_user:
            os.chown(folder, as_user["user"], as_user["group"])
        data = Path(folder) / "data"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **as_user}
        subprocess.run(
            [initdb, "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync"], check=True, **quiet
        )
        command = [postgres, "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-c", "fsync=off"]
        process = subprocess.Popen(command, **quiet)
        try:
            url = f"postgresql+psycopg://tester@127.0.0.1:{port}/postgres"
            _wait_for(url)
            yield url
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(url: str) -> None:
    import time

    import psycopg

    for _try in range(200):
        try:
            psycopg.connect(url.replace("+psycopg", "")).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise TimeoutError("PostgreSQL does not answer")


@pytest.fixture
def engine(server: str) -> Iterator[Engine]:
    engine = open_database(server)
    yield engine
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    engine.dispose()


@pytest.mark.parametrize("rule", CONTRACT, ids=lambda rule: rule.__name__)
def test_postgresql_keeps_the_contract(engine: Engine, rule: Callable[[DatasetStore], None]) -> None:
    rule(DatasetStore(engine))


@pytest.mark.parametrize("rule", FEEDBACK_CONTRACT, ids=lambda rule: rule.__name__)
def test_feedback_keeps_its_contract(engine: Engine, rule: Callable[[Engine], None]) -> None:
    rule(engine)


def test_names_and_revisions_are_guarded_by_the_database_itself(engine: Engine) -> None:
    one, other = DatasetStore(engine), DatasetStore(engine)
    one.create("d", [Pair("a", "1")])
    with pytest.raises(DatasetError, match="already a dataset called 'd'"):
        other.create("d", [Pair("a", "1")])
    one.save("d", 1, Edits(added=[Pair("b", "2")]))
    with pytest.raises(EditConflict, match="saved as revision 2"):
        other.save("d", 1, Edits(added=[Pair("c", "3")]))
    assert other.restore("d", 1, 2).pair_count == 1


@pytest.mark.parametrize("rule", EXPERIMENTS, ids=lambda rule: rule.__name__)
def test_postgresql_keeps_the_contract_of_ab_tests(engine: Engine, rule: Callable[[Opened], None]) -> None:
    rule(lambda: ExperimentStore(engine))
