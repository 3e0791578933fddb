"""What holds for every test: no settings of the user's, and no deadline on a busy machine."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

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
