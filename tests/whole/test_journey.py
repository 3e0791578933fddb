"""The first ten minutes with the whole program, in a real terminal of 80 by 24."""

import asyncio
import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from storyloom.story import marks
from storyloom.story.story import Story
from tests.models.local_weights import real_weights
from tests.servers.provider import Provider
from tests.servers.script import End, Hold, Reply, Text, refuses
from tests.tui.stories import HOSTILE
from tests.whole.at_home import SENTINEL, Home, seen, texts
from tests.whole.terminal import Terminal, alive, below

pytestmark = [pytest.mark.pty, pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")]

OPENING = "The tide had gone out farther than it should."


@pytest.fixture
def story(home: Home) -> Path:
    """A new story, made by the command line."""
    path = home.folder / "salt.loom"
    home.run("new", str(path), "--title", "Saltmarsh", "--opening", OPENING)
    return path


async def over(terminal: Terminal, *processes: int) -> int:
    """Wait until the program and those processes are gone; the program's status."""
    status = await terminal.ended()
    await terminal.until(lambda: not any(map(alive, processes)), "an end of all it had started")
    return status


async def test_the_first_ten_minutes(home: Home, story: Path, provider: Provider) -> None:
    home.configure(provider.base, "tide", "rope")
    home.editor("its word", "one word")
    async with home.terminal(story) as terminal:
        await terminal.shows("Saltmarsh", "n1", "The tide had gone out")

        await terminal.press("space", "3 branches are here", "word 1.", "word 2.", "word 3.")
        for node, left in ((2, "2 here"), (3, "1 here")):
            await terminal.shows(f"n{node} ")
            await terminal.press("x", left)
        assert len(texts(story)) == 4

        await terminal.press("e", "edit n4", "^o keep")
        terminal.send("!!")
        await terminal.shows("still.!!")
        await terminal.press("ctrl+o", "^o")
        await terminal.shows("Space grow", "still.!!", gone=("^o keep",))
        assert texts(story)[4].endswith("still.!!")

        terminal.send("E")
        await terminal.shows("Kept what you wrote.", "one word")
        runs = seen(story)["nodes"][4][4]
        assert [origin for origin, *_ in runs] == ["model:tide", "human", "model:tide", "human"]

        await terminal.press("s", "split n4", "split here")
        await terminal.press("enter", "Split; the cursor is on the first half.")
        first = max(texts(story))
        await terminal.shows(f"n{first} ")
        before = set(texts(story))

        await terminal.press("space", "3 branches are here")
        grown = sorted(set(texts(story)) - before)
        assert [seen(story)["nodes"][node][0] for node in grown] == [first] * 3

        await terminal.press("m", "tide")
        terminal.send("space")
        await terminal.command("model rope")
        await terminal.shows("rope x3")
        terminal.send("1", "enter")
        await terminal.shows("From here down: rope x1.")
        await terminal.press("space", "1 branch is here", "The rope said")
        assert provider.requests[-1].body["model"] == "rope"

        await terminal.press("w", "The weave leads here.", "*weave")
        await terminal.answer("C", "chapter title", "Low bells")
        await terminal.shows("Low bells", "Space grow")

        whole = seen(story)
        states = [whole]
        for _ in range(6):
            terminal.send("u")
            await terminal.until(lambda: seen(story) != states[-1], "a step back")
            await terminal.shows("Taken back")
            states.append(seen(story))
        for expected in reversed(states[:-1]):
            terminal.send("ctrl+r")
            await terminal.until(lambda wanted=expected: seen(story) == wanted, "a step again")
        assert seen(story) == whole

        book = home.folder / "salt.md"
        await terminal.command(f"export {book}")
        await terminal.until(book.exists, "the book")
        await terminal.shows("salt.md")
        exported = book.read_text()
        for part in ('title: "Saltmarsh"', "# Low bells", OPENING, "one word", "The rope said"):
            assert part in exported
        # Which of the three had which number, their race decided.
        assert not any(texts(story)[pruned].strip() in exported for pruned in (2, 3))

        await terminal.press(">", "Low bells", "The rope said")
        left = terminal.lines[0]
        raw = bytes(terminal.raw)
        started = below(terminal.pid)
        assert await terminal.quits() == 0
        assert await over(terminal, *started) == 0
        assert b"\x1b[?1049l" in terminal.raw[-200:]

    async with home.terminal(story) as terminal:
        await terminal.shows(left, "The rope said", "Low bells")
        assert await terminal.quits() == 0

    assert SENTINEL.encode() not in raw
    assert home.holding(SENTINEL) == []
    assert any(SENTINEL in request.headers["authorization"] for request in provider.requests)
    assert "all is well" in home.run("check", str(story))


async def streaming(terminal: Terminal, provider: Provider, story: Path, many: int = 2) -> None:
    """Let branches grow until all have begun, on the screen and in the file."""
    never = asyncio.Event()
    provider.script(
        *(Reply((Text(f" Begun {n} with a few"), Text(" words"), Hold(never))) for n in range(many))
    )
    await terminal.shows("Saltmarsh")
    await terminal.press("space", *(f"Begun {n} with" for n in range(many)))
    await terminal.until(
        lambda: sum("with a few words" in text for text in texts(story).values()) == many, "saved"
    )


async def interrupted(home: Home, story: Path, *, said: bool = False) -> None:
    """Open a story again and see its two partial branches marked; said when none could say so."""
    async with home.terminal(story) as terminal:
        await terminal.shows("2 branches were interrupted last time" if said else "Saltmarsh")
        await terminal.command("go n2")
        await terminal.shows("interrupted", "Begun 0 with a few words")
        assert await terminal.quits() == 0
    marked = [
        value for (_, key), value in seen(story)["marks"].items()
        if key == "result" and "interrupted" in value
    ]  # fmt: skip
    assert len(marked) == 2
    assert not [node for node, fields in seen(story)["nodes"].items() if fields[2] & 4]
    assert home.holding(SENTINEL) == []
    assert "all is well" in home.run("check", str(story))


async def test_kill_9_while_branches_are_written_loses_no_saved_word(
    home: Home, story: Path, provider: Provider
) -> None:
    home.configure(provider.base, "tide", count=2)
    async with home.terminal(story) as terminal:
        await streaming(terminal, provider, story)
        started = below(terminal.pid)
        assert started
        terminal.signal(signal.SIGKILL)
        assert await over(terminal, *started) == -signal.SIGKILL
    await interrupted(home, story, said=True)


async def test_a_closed_terminal_saves_and_leaves_no_process(
    home: Home, story: Path, provider: Provider
) -> None:
    home.configure(provider.base, "tide", count=2)
    async with home.terminal(story) as terminal:
        await streaming(terminal, provider, story)
        started = below(terminal.pid)
        terminal.hang_up()
        assert await over(terminal, *started) == 128 + signal.SIGHUP
    await interrupted(home, story)


async def test_sigterm_saves_and_puts_the_terminal_right(
    home: Home, story: Path, provider: Provider
) -> None:
    home.configure(provider.base, "tide", count=2)
    async with home.terminal(story) as terminal:
        await streaming(terminal, provider, story)
        started = below(terminal.pid)
        length = len(terminal.raw)
        terminal.signal(signal.SIGTERM)
        assert await over(terminal, *started) == 128 + signal.SIGTERM
        last = bytes(terminal.raw[length:])
        for mode in (b"1049l", b"1000l", b"1003l", b"1006l", b"2004l", b"1004l", b"25h"):
            assert b"\x1b[?" + mode in last
        assert b"\x1b[<u" in last
    await interrupted(home, story)


async def test_a_draft_outlives_a_closed_terminal(home: Home, story: Path) -> None:
    async with home.terminal(story) as terminal:
        await terminal.shows("Saltmarsh")
        await terminal.press("i", "write after n1")
        terminal.send("half a thought")
        await terminal.shows("half a thought")
        terminal.hang_up()
        assert await terminal.ended() == 128 + signal.SIGHUP
    async with home.terminal(story) as terminal:
        await terminal.shows("Saltmarsh")
        await terminal.press("i", "half a thought", "This is your draft")


async def test_an_editor_that_fails_or_is_not_there_changes_nothing(
    home: Home, story: Path
) -> None:
    home.editor("tide", "sea", status=1)
    before = seen(story)
    async with home.terminal(story) as terminal:
        await terminal.shows("Saltmarsh")
        await terminal.press("E", "The editor ended with status 1; nothing was changed.")
        await terminal.shows("The tide had gone out")
    home.environ["EDITOR"] = "no-such-editor --wait"
    async with home.terminal(story) as terminal:
        await terminal.shows("Saltmarsh")
        await terminal.press("E", "could not be started")
    assert seen(story) == before


async def test_branches_go_on_growing_while_the_author_is_in_an_editor(
    home: Home, story: Path, provider: Provider
) -> None:
    go, done = home.folder / "go", asyncio.Event()
    home.configure(provider.base, "tide", count=1)
    home.environ["EDITOR"] = f"sh -c 'while [ ! -e {go} ]; do sleep 0.05; done' --"
    provider.script(Reply((Text(" Begun"), Hold(done), Text(" and ended."), End())))
    async with home.terminal(story) as terminal:
        await terminal.shows("Saltmarsh")
        await terminal.press("space", "Begun")
        terminal.send("h", "E")
        await terminal.until(lambda: b"\x1b[?1049l" in terminal.raw, "the screen given up")
        done.set()
        await terminal.until(lambda: "Begun and ended." in texts(story).get(2, ""), "the end")
        go.touch()
        await terminal.shows("Nothing was changed.")
        await terminal.press("l", "Begun and ended.")


async def test_keys_that_come_all_at_once_reach_what_they_were_typed_for(
    home: Home, story: Path
) -> None:
    async with home.terminal(story) as terminal:
        await terminal.shows("Saltmarsh")
        await terminal.press("i", "write after n1")
        terminal.send("It came back.")
        await terminal.shows("came back.")
        await terminal.press("ctrl+o", "n2 ", "Space grow")
        terminal.send(":", "note exwy", "enter", "h", "C", "Then", "enter", "w")
        await terminal.shows("n1 ", "The weave leads here.")
        assert await terminal.quits() == 0
    there = seen(story)["marks"]
    assert there[2, "note"] == "exwy"
    assert [mark[1] for mark in json.loads(there[1, "chapters"])] == ["Then"]
    assert set(texts(story)) == {1, 2}


NEVER = (
    b"\x1b]52", b"\x1b]0;", b"\x1b]8;", b"\x1bc", b"\x1b[31m", b"\xc2\x9b", b"\xc2\x9d",
    b"\xc2\x85", b"\xc2\x90", b"\x07", b"\x7f", b"\x00", b"\xe2\x80\xae", b"\xe2\x81\xa6",
    b"\xe2\x80\x8b", b"\xf3\xa0\x81\x81",
)  # fmt: skip
"""What the terminal would obey, or the reader not see, of what HOSTILE holds."""


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_no_control_of_any_text_reaches_the_terminal(
    home: Home, provider: Provider, size: tuple[int, int]
) -> None:
    evil = "\x1bc\x1b]0;pwned\x07\x1b]8;;http://x\x1b\\\x85\x90" + HOSTILE
    path = home.folder / "hostile.loom"
    with Story.create(path, title=evil, premise=evil, style=evil, opening=f"Once. {evil}") as story:
        for key in ("why", "note", "reason"):
            marks.set_text(story, 1, key, evil)
        marks.set_chapter(story, 1, evil)
    name = "ti\\u001b]52;c;eA==\\u0007\\u009b31m\\u202ede"
    (home.folder / "config/storyloom/config.toml").write_text(
        f'plan = [{{ model = "{name}", count = 1 }}]\n'
        f'[[model]]\nname = "{name}"\nmodel = "openai/tide"\napi_base = "{provider.base}"\n'
    )
    pieces = [Text(evil[at : at + 2]) for at in range(0, len(evil), 2)]
    provider.script(Reply((Text(" It said"), *pieces, End())), refuses(400, evil))
    async with home.terminal(path, size=size) as terminal:
        await terminal.shows("Once.")
        await terminal.press("space", "1 branch is here", "said")
        await terminal.press(".", "asks again")
        await terminal.command("note of no consequence")
        for key, shows in (
            ("v", "red"), ("v", "red"), ("v", "red"), ("h", "+1"), ("e", "edit n1"),
            ("ctrl+g", "Space grow"), ("s", "split n1"), ("q", "Space grow"),
            ("m", "use here"), ("q", "Space grow"), ("r", "back"), ("q", "Space grow"),
            ("?", "back"), ("q", "Space grow"),
        ):  # fmt: skip
            terminal.send(key)
            await terminal.shows(shows)
        assert await terminal.quits() == 0
        # The mouse pointer's shape is Textual's own wish.
        raw = re.sub(rb"\x1b\]22;[a-z]+\x07", b"", bytes(terminal.raw))
        found = {each: raw.partition(each)[0][-60:] for each in NEVER if each in raw}
        assert found == {}
    for command in ("tree", "read"):
        async with home.terminal(command, path) as terminal:
            assert await terminal.ended() == 0
            assert b"Once." in terminal.raw
            assert not {each for each in NEVER if each in terminal.raw}


async def test_tmux_keeps_its_title_and_clipboard_and_resizes(
    home: Home, story: Path, provider: Provider
) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("there is no tmux here")
    home.configure(provider.base, "tide", count=1)
    evil = "\x1b]52;c;UFdORUQ=\x07\x1b]2;PWNED\x07\x1bk PWNED\x1b\\"
    provider.script(Reply((Text(f" It said {evil} and went."), End())))
    socket = str(home.folder / "tmux")

    def tmux(*words: str) -> str:
        command = ["tmux", "-S", socket, "-f", "/dev/null", *words]
        done = subprocess.run(command, env=home.environ, capture_output=True, text=True, check=True)
        return done.stdout

    program = f"{sys.executable} -m storyloom {story}"
    tmux("new-session", "-d", "-x", "80", "-y", "24", "-n", "mine", "cat")
    try:
        tmux("set-option", "-g", "set-clipboard", "on")
        tmux("set-option", "-g", "allow-rename", "on")
        tmux("respawn-window", "-k", program)

        async def shows(*words: str) -> None:
            for _ in range(600):
                screen = tmux("capture-pane", "-p")
                if all(word in screen for word in words):
                    return
                await asyncio.sleep(0.1)
            raise AssertionError(f"waited in vain for {words}:\n{screen}")

        await shows("Saltmarsh", "The tide had gone out")
        tmux("send-keys", "Space")
        await shows("1 branch is here", "and went.")
        tmux("resize-window", "-x", "120", "-y", "40")
        await shows("tree", "strand", "branches")
        tmux("resize-window", "-x", "80", "-y", "24")
        await shows("and went.")
        assert "PWNED" not in tmux("display-message", "-p", "#{pane_title} #{window_name}")
        assert tmux("list-buffers") == ""
    finally:
        tmux("kill-server")


@pytest.mark.embedded
async def test_the_embedded_model_grows_three_branches_in_the_real_terminal(
    home: Home, story: Path
) -> None:
    weights = real_weights()
    models = home.folder / "data/storyloom/models"
    models.mkdir(parents=True, mode=0o700)
    (models / weights.name).symlink_to(weights)
    async with home.terminal(story) as terminal:
        await terminal.shows("Saltmarsh", "smollm2 x3")
        await terminal.press("space", "3 branches are here")
        grown = {node: text for node, text in texts(story).items() if node != 1}
        assert len(grown) == 3
        assert all(text.strip() for text in grown.values())
        assert {fields[4][0][0] for fields in seen(story)["nodes"].values()} == {
            "human", "model:local/smollm2"
        }  # fmt: skip
        started = below(terminal.pid)
        terminal.signal(signal.SIGTERM)
        assert await over(terminal, *started) == 128 + signal.SIGTERM
