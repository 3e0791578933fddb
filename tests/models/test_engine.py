"""The engine writes branches from one evaluation, can be stopped, and says what is wrong."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storyloom.models import engine_llama, machine
from storyloom.models.engine import RETRIES, Engine
from storyloom.models.engine_llama import WINDOW, Fault, Llama, Piece, sampling
from storyloom.models.wire import Message, encode
from storyloom.text import Refusal
from tests.models.local_weights import real_weights

OPENING = (
    "The lighthouse keeper found a door in the sea wall that had not been there the day before."
)
LONG = OPENING + " She counted the stones on either side of it, and wrote the number down."
PATIENCE = 240


class Talk:
    """One engine process, spoken to line by line."""

    def __init__(self, model: Path | str, **environment: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "storyloom.models.engine", str(model)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
        )
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        self._requests = 0

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(b"")

    def say(self, **message: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(encode(message))
        self._process.stdin.flush()

    def hear(self) -> Message | None:
        """Return the next message, None at the end of the output."""
        line = self._lines.get(timeout=PATIENCE)
        return json.loads(line) if line else None

    def ask(self, *names: str, **more: Any) -> str:
        self._requests += 1
        request = f"r{self._requests}"
        self.say(do="start", id=request, ids=list(names), **more)
        return request

    def until(self, kind: str, name: str) -> list[Message]:
        heard: list[Message] = []
        while not heard or (heard[-1]["is"], heard[-1].get("id")) != (kind, name):
            message = self.hear()
            assert message is not None, heard[-3:]
            heard.append(message)
        return heard

    def grow(self, *names: str, **more: Any) -> "Grown":
        return Grown(self.until("ended", self.ask(*names, **more)))

    def leave(self) -> int:
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self._process.wait(PATIENCE)

    def noise(self) -> bytes:
        """Return what came on the error stream of a process that has ended."""
        assert self._process.stderr is not None
        return self._process.stderr.read()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


class Grown:
    """What came of one request."""

    def __init__(self, messages: list[Message]) -> None:
        self.messages = messages
        self.evaluated: int = messages[-1]["evaluated"]

    def of(self, kind: str, name: str) -> list[Message]:
        return [m for m in self.messages if m["is"] == kind and m["id"] == name]

    def text(self, name: str) -> str:
        return "".join(m["text"] for m in self.of("delta", name))

    def end(self, name: str) -> Message:
        (end,) = self.of("done", name) + self.of("error", name)
        return end


@pytest.fixture(scope="module")
def talk() -> Iterator[Talk]:
    """An engine with the real weights for the tests of this module."""
    talk = Talk(real_weights())
    assert talk.hear() == {"is": "ready", "window": WINDOW}
    yield talk
    talk.kill()


# With the real model


@pytest.mark.embedded
def test_three_branches_cost_one_evaluation_of_the_prompt(talk: Talk) -> None:
    # Begins like no other prompt here, so that nothing of it is in the cache.
    prompt = "By the third winter, " + LONG
    grown = talk.grow("a", "b", "c", prompt=prompt, params={"max_tokens": 12}, seed=5)
    in_tokens = {grown.end(name)["in_tokens"] for name in "abc"}
    assert in_tokens == {grown.evaluated}
    assert all(grown.text(name).strip() for name in "abc")
    assert len({grown.text(name) for name in "abc"}) == 3
    for name in "abc":
        assert len(grown.of("first", name)) == 1
        assert grown.end(name)["finish"] in ("stop", "length")


@pytest.mark.embedded
def test_a_child_of_a_shown_branch_evaluates_little_more_than_that_branch(talk: Talk) -> None:
    parent = talk.grow("a", "b", prompt=LONG, params={"max_tokens": 12}, seed=5)
    for name in "ab":
        child = talk.grow("c", prompt=LONG + parent.text(name), params={"max_tokens": 4}, seed=1)
        assert child.evaluated <= 12 + 4
        assert child.end("c")["in_tokens"] > child.evaluated


@pytest.mark.embedded
def test_a_branch_alone_and_a_fork_repeat_themselves_with_the_same_seed(talk: Talk) -> None:
    talk.grow("warm", prompt=LONG, params={"max_tokens": 1}, seed=1)
    alone = [talk.grow("a", prompt=LONG, params={"max_tokens": 20}, seed=8) for _ in range(2)]
    assert alone[0].text("a") == alone[1].text("a")
    forks = [talk.grow(*"abc", prompt=LONG, params={"max_tokens": 20}, seed=8) for _ in range(2)]
    assert [forks[0].text(n) for n in "abc"] == [forks[1].text(n) for n in "abc"]


@pytest.mark.embedded
def test_one_stopped_branch_falls_silent_and_the_others_go_on(talk: Talk) -> None:
    request = talk.ask("a", "b", prompt=OPENING, params={"max_tokens": 40}, seed=5)
    before = talk.until("delta", "a")
    talk.say(do="cancel", id="a")
    grown = Grown(before + talk.until("ended", request))
    assert grown.end("a")["finish"] == "stopped"
    assert grown.end("b")["finish"] in ("stop", "length")
    assert len(grown.text("b")) > len(grown.text("a"))


@pytest.mark.embedded
def test_when_all_are_stopped_the_model_stops_too(talk: Talk) -> None:
    request = talk.ask("a", "b", prompt=OPENING, params={"max_tokens": 800}, seed=5)
    before = talk.until("delta", "b")
    for name in "ab":
        talk.say(do="cancel", id=name)
    grown = Grown(before + talk.until("ended", request))
    for name in "ab":
        assert grown.end(name)["finish"] == "stopped"
        assert grown.end(name)["out_tokens"] is None, "it was written to its end"
    assert talk.grow("c", prompt=OPENING, params={"max_tokens": 4}).end("c")["is"] == "done"


@pytest.mark.embedded
def test_a_stop_is_heard_while_the_prompt_is_still_read(talk: Talk) -> None:
    prompt = " ".join(f"On day {day} the tide came later than before." for day in range(150))
    request = talk.ask("a", "b", prompt=prompt, params={"max_tokens": 4})
    talk.until("progress", request)
    for name in "ab":
        talk.say(do="cancel", id=name)
    heard = talk.until("ended", request)
    assert not [m for m in heard if m["is"] in ("first", "delta")]
    assert all(m["done"] < m["total"] for m in heard if m["is"] == "progress")


@pytest.mark.embedded
def test_a_request_that_still_waits_can_be_stopped(talk: Talk) -> None:
    first = talk.ask("a", prompt=OPENING, params={"max_tokens": 20}, seed=5)
    second = talk.ask("b", prompt=OPENING, params={"max_tokens": 20}, seed=5)
    talk.say(do="cancel", id="b")
    assert Grown(talk.until("ended", first)).end("a")["is"] == "done"
    waited = Grown(talk.until("ended", second))
    assert waited.end("b")["finish"] == "stopped"
    assert waited.evaluated == 0


@pytest.mark.embedded
@pytest.mark.parametrize(
    "prompt", ["", " ", "日本の灯台守は、🌊の前で", "a\x00b\x1b[31m", "\ud800 lone", "e\u0301" * 40]
)
def test_any_text_can_be_continued(talk: Talk, prompt: str) -> None:
    assert talk.grow("a", prompt=prompt, params={"max_tokens": 4}).end("a")["is"] == "done"


@pytest.mark.embedded
def test_a_chat_with_a_begun_answer_is_continued(talk: Talk) -> None:
    messages = [
        {"role": "user", "content": "Continue the story."},
        {"role": "assistant", "content": OPENING},
    ]
    grown = talk.grow("a", "b", messages=messages, params={"max_tokens": 8}, seed=3)
    for name in "ab":
        assert grown.end(name)["is"] == "done"
        assert OPENING not in grown.text(name)


@pytest.mark.embedded
def test_nine_branches_are_the_most(talk: Talk) -> None:
    nine = [f"n{index}" for index in range(9)]
    grown = talk.grow(*nine, prompt=OPENING, params={"max_tokens": 4}, seed=1)
    assert {grown.end(name)["is"] for name in nine} == {"done"}
    talk.ask(*nine, "tenth", prompt=OPENING)
    error = talk.until("error", "tenth")[-1]
    assert error["kind"] == "bad_request"


@pytest.mark.embedded
def test_a_prompt_that_is_too_long_is_told_with_its_size(talk: Talk) -> None:
    for times in (300, 1000):
        end = talk.grow("a", "b", prompt=OPENING * times).end("b")
        assert end["kind"] == "context_too_long"
        assert "too long" in end["say"]
        assert str(19 * times) in end["say"]


@pytest.mark.embedded
@pytest.mark.parametrize(
    "params", [{"temperature": "hot"}, {"max_tokens": 0}, {"max_tokens": "many"}]
)
def test_senseless_settings_are_told(talk: Talk, params: dict[str, Any]) -> None:
    end = talk.grow("a", prompt=OPENING, params=params).end("a")
    assert end["kind"] == "bad_request"
    assert "json." not in end["say"]


@pytest.mark.embedded
def test_unknown_settings_are_left_out(talk: Talk) -> None:
    params = {"max_tokens": 4, "n": 7, "id_slot": 99, "nonsense": 1, "stream": False}
    grown = talk.grow("a", prompt=OPENING, params=params, seed=5)
    assert grown.end("a")["out_tokens"] <= 4


@pytest.mark.embedded
def test_a_branch_that_stays_empty_ends_after_a_bounded_number_of_tries(talk: Talk) -> None:
    only_space = {"max_tokens": 4, "grammar": 'root ::= "\\n"'}
    grown = talk.grow("a", "b", prompt=OPENING, params=only_space, seed=5)
    for name in "ab":
        assert grown.end(name)["finish"] == "stop"
        assert not grown.of("first", name)
        assert not grown.of("delta", name)


@pytest.mark.embedded
@pytest.mark.parametrize("busy", [False, True])
def test_the_end_of_its_input_ends_it_cleanly(busy: bool) -> None:
    talk = Talk(real_weights())
    assert talk.hear() is not None
    if busy:
        talk.ask("a", "b", prompt=OPENING, params={"max_tokens": 800})
        talk.until("first", "a")
    assert talk.leave() == 0
    assert talk.noise() == b""


@pytest.mark.embedded
def test_the_end_of_its_input_while_it_loads_ends_it_too() -> None:
    # Several at once, as what they met depended on which of the library's threads came first.
    talks = [Talk(real_weights()) for _ in range(6)]
    try:
        assert [talk.leave() for talk in talks] == [0] * len(talks)
    finally:
        for talk in talks:
            talk.kill()


def test_it_says_how_it_is_called_when_it_is_called_wrongly() -> None:
    called = subprocess.run(
        [sys.executable, "-P", "-m", "storyloom.models.engine"], capture_output=True, check=False
    )
    assert called.returncode == 2
    assert called.stderr.startswith(b"usage: ")


# What can be wrong with a machine or a file


def refused(talk: Talk) -> str:
    message = talk.hear()
    assert message is not None
    assert (message["is"], message["id"], message["kind"]) == ("error", "", "no_engine")
    assert talk.hear() is None
    assert talk.leave() == 1
    assert b"Traceback" not in talk.noise()
    return message["say"]


def here() -> None:
    if reason := machine.obstacle():
        pytest.skip(reason)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    here()
    assert "none.gguf cannot be read" in refused(Talk(tmp_path / "none.gguf"))


def test_a_file_that_is_no_gguf_is_told(tmp_path: Path) -> None:
    here()
    (tmp_path / "page.gguf").write_text("<html>")
    assert refused(Talk(tmp_path / "page.gguf")) == "page.gguf is not a GGUF model file."


@pytest.mark.embedded
def test_a_gguf_that_breaks_off_is_told(tmp_path: Path) -> None:
    with real_weights().open("rb") as file:
        beginning = file.read(4_000_000)
    for size in (4, 100, 4_000_000):
        (tmp_path / "half.gguf").write_bytes(beginning[:size])
        assert "half.gguf cannot be opened: it is damaged" in refused(Talk(tmp_path / "half.gguf"))


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("libgomp.so.1: cannot open shared object file", "apt install libgomp1"),
        ("undefined symbol: gguf", "install storyloom[local] again"),
    ],
)
def test_an_engine_that_cannot_be_loaded_is_told(tmp_path: Path, fault: str, told: str) -> None:
    if machine._has_avx2(machine._CPUINFO) is False:
        pytest.skip("the processor is refused before")
    (tmp_path / "xllamacpp.py").write_text(f"raise ImportError({fault!r})")
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    assert told in refused(Talk(tmp_path / "model.gguf", PYTHONPATH=str(tmp_path)))


def test_a_missing_engine_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "find_spec", lambda _name: None)
    assert "storyloom[local]" in (machine.obstacle() or "")


@pytest.mark.parametrize(
    ("flags", "able"),
    [("fpu sse2 avx avx2 fma", True), ("fpu sse2 ssse3 avx", False), (None, True)],
)
def test_a_processor_without_avx2_is_told_before_anything_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str | None, able: bool
) -> None:
    monkeypatch.setattr(machine.sys, "platform", "linux")
    monkeypatch.setattr(machine.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(machine, "find_spec", lambda _name: object())
    cpuinfo = tmp_path / "cpuinfo"
    if flags is not None:
        cpuinfo.write_text(f"processor : 0\nflags\t\t: {flags}\n")
    assert (machine.obstacle(cpuinfo) is None) is able
    if not able:
        with pytest.raises(Refusal, match="AVX2"):
            Llama(tmp_path / "any.gguf", cpuinfo=cpuinfo)


def test_settings_replace_the_preset_and_leave_room_for_the_prompt() -> None:
    assert sampling({}, 1)["max_tokens"] == 80
    body = sampling({"temperature": 1.2, "min_p": None, "stop": "\n", "seed": 4}, 9)
    assert body["temperature"] == 1.2
    assert body["min_p"] == 0.06
    assert body["stop"] == ["\n"]
    assert "seed" not in body
    nine = sampling({"max_tokens": 10_000}, 9)["max_tokens"]
    assert isinstance(nine, int)
    assert WINDOW + 9 * nine <= engine_llama._POOL


# The engine's own part, with a script in the place of the model


class Script:
    """Writes what it is told to, a text for each seed."""

    def __init__(self, texts: dict[int, list[str]]) -> None:
        self.texts = texts
        self.asked: list[tuple[int, int]] = []

    def evaluated(self) -> int:
        return len(self.asked)

    def run(
        self,
        source: Any,
        params: Any,
        branches: int,
        seed: int,
        on_piece: Callable[[Piece], bool],
    ) -> None:
        del source, params
        self.asked.append((seed, branches))
        for index in range(branches):
            for piece in self.texts.get(seed + index, []):
                if on_piece(Piece(index=index, text=piece)):
                    return
            if on_piece(Piece(index=index, finish="stop", in_tokens=3, out_tokens=1)):
                return


def scripted(script: Any, *names: str, seed: int = 10) -> Grown:
    said: list[Message] = []
    engine = Engine(lambda message: (said.append(message), engine.stop())
                    if message["is"] == "ended" else said.append(message))  # fmt: skip
    engine.receive({"do": "start", "id": "r", "ids": list(names), "prompt": "x", "seed": seed})
    engine.serve(script)
    return Grown(said)


def test_an_empty_branch_alone_is_drawn_again_with_another_seed() -> None:
    script = Script({10: ["One."], 11: [], 12: ["Three."], 1011: ["Two."]})
    grown = scripted(script, "a", "b", "c")
    assert [grown.text(name) for name in "abc"] == ["One.", "Two.", "Three."]
    assert script.asked == [(10, 3), (1011, 1)]
    assert grown.end("b")["seed"] == 1011


def test_an_empty_branch_is_drawn_again_only_so_often() -> None:
    script = Script({})
    grown = scripted(script, "a")
    assert grown.end("a")["finish"] == "stop"
    assert len(script.asked) == 1 + RETRIES


def test_white_space_before_the_first_word_is_kept_and_alone_is_nothing() -> None:
    grown = scripted(Script({10: ["\n", " ", "One", "\n"], 11: ["\n", "\n"]}), "a", "b")
    assert grown.text("a") == "\n One\n"
    assert not grown.of("first", "b")


def test_a_fault_of_the_model_ends_its_branches_and_not_the_engine() -> None:
    class Broken(Script):
        def run(self, *_: Any) -> None:
            raise Fault("server", "It broke.")

    grown = scripted(Broken({}), "a", "b")
    assert [grown.end(name)["say"] for name in "ab"] == ["It broke.", "It broke."]


@pytest.mark.parametrize(
    "message",
    [
        {"ids": ["a"]},
        {"ids": ["a"], "prompt": 5},
        {"ids": ["a"], "prompt": "x", "seed": "y"},
        {"ids": ["a"], "prompt": "x", "params": 3},
    ],
)
def test_a_request_without_sense_is_answered(message: Message) -> None:
    said: list[Message] = []
    Engine(said.append).receive({"do": "start", "id": "r", **message})
    assert [(m["is"], m["id"], m["kind"]) for m in said] == [("error", "a", "bad_request")]
