"""A key that is kept goes from its place to the provider, and nowhere else."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from storyloom.models import key_file
from storyloom.models.client import Client
from storyloom.models.protocol import call_to
from storyloom.models.wire import decode, encode
from storyloom.settings import ModelEntry
from tests.models.asking import ask, call
from tests.models.conftest import environment
from tests.models.places import ENVIRON, FILED, RINGED, empty_places, in_file, in_keyring
from tests.servers.provider import Provider
from tests.servers.script import Hold, Reply, Text, refuses
from tests.whole.terminal import below

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables of a user with an empty keyring and an empty config folder."""
    return empty_places(tmp_path, monkeypatch)


@asynccontextmanager
async def asking(home: dict[str, str], **environ: str) -> AsyncIterator[Client]:
    mine = environment(**home)
    del mine["OPENAI_API_KEY"]
    client = Client(environ={**mine, **environ})
    try:
        yield client
    finally:
        await client.close()


async def test_the_provider_gets_the_key_that_comes_first(
    provider: Provider, home: dict[str, str]
) -> None:
    in_file(OPENAI_API_KEY=FILED, MY_KEY=FILED, ANTHROPIC_API_KEY=FILED)
    in_keyring(OPENAI_API_KEY=RINGED)
    more = {"OPENAI_BASE_URL": provider.base, "ANTHROPIC_API_BASE": provider.address}
    async with asking(home, **more) as client:
        for asked in (
            call(provider, api_base=None),
            call(provider, api_base=None, prompt="x"),
            call(provider, key_env="MY_KEY"),
            call(provider, key_env="MY_KEY", prompt="x"),
            call(provider, "anthropic/claude-x", api_base=None),
            call(provider),
        ):
            assert (await ask(client, asked)).done.finish == "stop"
    sent = [
        each.headers.get("authorization") or each.headers.get("x-api-key")
        for each in provider.requests
    ]
    own = "Bearer none"
    assert sent == [f"Bearer {RINGED}"] * 2 + [f"Bearer {FILED}"] * 2 + [FILED, own]
    provider.reset()
    async with asking(home, OPENAI_API_KEY=ENVIRON, **more) as client:
        await ask(client, call(provider, api_base=None))
    assert provider.requests[0].headers["authorization"] == f"Bearer {ENVIRON}"


async def test_a_key_that_is_set_later_is_taken_by_the_next_call_and_a_bad_file_told(
    provider: Provider, home: dict[str, str]
) -> None:
    async with asking(home, FAKE_KEYRING_MOOD="locked") as client:
        failed = (await ask(client, call(provider, key_env="MY_KEY"))).failed
        assert failed.kind == "no_key"
        assert "'storyloom keys set MY_KEY'" in failed.say
        assert "variable MY_KEY" in failed.say
        failed = (await ask(client, call(provider, api_base=None))).failed
        assert "'storyloom keys set openai'" in failed.say
        assert "variable OPENAI_API_KEY" in failed.say
        entry = ModelEntry("b", "openai/x", key_env="MY_KEY")
        assert (await client.describe(entry)).key_missing == "MY_KEY"
        in_file(MY_KEY=FILED)
        assert (await client.describe(entry)).key_missing is None
        assert (await ask(client, call(provider, key_env="MY_KEY"))).done.finish == "stop"
        key_file.path().chmod(0o640)
        failed = (await ask(client, call(provider, key_env="MY_KEY"))).failed
        assert failed.kind == "no_key"
        assert failed.say.endswith(f"chmod 600 {key_file.path()}")
        # A server of one's own needs none.
        assert (await ask(client, call(provider))).done.finish == "stop"
    assert len(provider.requests) == 2


async def test_facts_and_catalogue_know_that_a_key_is_there(home: dict[str, str]) -> None:
    in_file(OPENAI_API_KEY=FILED, SAMBANOVA_API_KEY=FILED)
    in_keyring(GROQ_API_KEY=RINGED)
    asked = Path(f"{home['FAKE_KEYRING']}.asked")
    asked.unlink()
    async with asking(home) as client:
        rows = {row.provider: row.key_missing for row in await client.catalogue()}
        assert rows["openai"] is None
        assert rows["groq"] is None
        assert rows["anthropic"] == "ANTHROPIC_API_KEY"
        assert (await client.describe(ModelEntry("a", "openai/gpt-4o-mini"))).key_missing is None
        entry = ModelEntry("b", "openai/x", key_env="MY_KEY")
        assert (await client.describe(entry)).key_missing == "MY_KEY"
    # One process for the catalogue, however many providers it has, and at most three for the
    # others: what it was told is good for some seconds.
    processes = asked.read_text().split()[1::2]
    assert len(processes) > 80
    assert len(set(processes)) <= 4


Place = Callable[..., None]


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="there is no /proc here")
@pytest.mark.parametrize("put", [in_file, in_keyring])
async def test_the_key_is_on_the_way_to_the_provider_and_nowhere_else(
    provider: Provider, home: dict[str, str], tmp_path: Path, put: Place
) -> None:
    secret = "sk-nowhere+else/0123456789"
    put(MY_KEY=secret)
    log = tmp_path / "worker.log"
    held = asyncio.Event()
    provider.script(
        refuses(401, f"bad key {secret} (sk-nowhere%2Belse%2F0123456789)"),
        Reply((Text("Once"), Hold(held))),
    )
    environ = environment(**home, STORYLOOM_WORKER_LOG=str(log), LITELLM_LOG="DEBUG")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "storyloom.models.worker"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    wire = b""
    for end in ("error", "delta"):
        one = call(provider, key_env="MY_KEY")
        line = encode({"do": "start", "id": one.id, "call": call_to(one)})
        process.stdin.write(line)
        wire += line
        while True:
            line = await process.stdout.readline()
            wire += line
            if decode(line)["is"] == end:
                break
    processes = [process.pid, *below(process.pid)]
    for each in processes:
        for name in ("cmdline", "environ"):
            seen = Path(f"/proc/{each}/{name}").read_bytes()
            assert seen
            assert secret.encode() not in seen
    process.stdin.close()
    wire += await process.stdout.read()
    await process.wait()
    assert [each.headers["authorization"] for each in provider.requests] == [f"Bearer {secret}"] * 2
    assert b"did not accept the key" in wire
    for place in (wire.decode(), log.read_text()):
        assert "nowhere" not in place.replace("test_the_key_is_on_the_way", "")


async def test_a_keyring_that_hangs_holds_up_no_other_branch(
    provider: Provider, home: dict[str, str]
) -> None:
    async with asking(home, FAKE_KEYRING_MOOD="hang") as client:
        slow = asyncio.create_task(ask(client, call(provider, key_env="MY_KEY")))
        async with aclosing(client.stream(call(provider))) as events:
            kinds = [type(event).__name__ async for event in events]
        assert kinds[-1] == "Done"
        assert not slow.done()
        assert (await slow).failed.kind == "no_key"
