"""What holds for every test: no settings of the user's, and no deadline on a busy machine."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from storyloom.models.client import Client

settings.register_profile(
    "storyloom", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("storyloom")

# Before any fixture, as those of a whole session are made before the one below: neither the
# owner's file of keys nor the owner's keyring is asked.
os.environ["XDG_CONFIG_HOME"] = "/nonexistent/config-of-tests"
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"


@pytest.fixture(autouse=True)
def _no_settings_of_the_user(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere: Path = tmp_path_factory.getbasetemp() / "no-config"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(nowhere))
    monkeypatch.delenv("STORYLOOM_CONFIG", raising=False)
    # What fails is told at once, but where a test is about being asked again.
    monkeypatch.setenv("STORYLOOM_RETRY", "1")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def client() -> "AsyncIterator[Client]":
    """A client whose worker, which takes seconds to start, is shared by all tests of a process."""
    from storyloom.models.client import Client
    from tests.models.conftest import environment

    client = Client(environ=environment())
    yield client
    await client.close()
