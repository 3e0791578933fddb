"""A paste is one event, whatever it holds and however it comes; keys are keys before and after."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.message import Message

from storyloom.tui import app, pasting
from storyloom.tui.pasting import PATIENCE, PasteParser

START, END = "\x1b[200~", "\x1b[201~"
PIECES = st.sampled_from(
    ["\x1b", "[201", "~", "[200~", "\x0f", ":quit\r", "x", "\x00", "湖", "é", "\n"]
)
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=12).map("".join).filter(
    # Whoever pastes the end mark itself has ended the paste: its own must be the first.
    lambda text: (text + END).find(END) == len(text)
)  # fmt: skip
KEYS = st.sampled_from(["\x1b[A", "\x1b[2~", "\x1b[20~", "\x1b[I", "a", "\x1bOP", "\x0f", "湖"])


class Clock:
    """What time it is for the parser."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        """The seconds."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that stands still until it is put on, for Textual's parser too."""
    clock = Clock()
    monkeypatch.setattr(pasting, "time", clock)
    monkeypatch.setattr("textual._parser.get_time", clock.monotonic)
    return clock


def told(messages: list[Message]) -> list[str]:
    """Say what the program hears: `key NAME`, `paste TEXT`."""
    out: list[str] = []
    for message in messages:
        if isinstance(message, events.Key):
            out.append(f"key {message.key}")
        elif isinstance(message, events.Paste):
            out.append(f"paste {message.text}")
        else:
            out.append(type(message).__name__)
    return out


def heard(parser: PasteParser, *reads: str) -> list[str]:
    """Give a parser those reads at once, as the driver does, and say what comes of them."""
    messages: list[Message] = []
    for read in reads:
        messages += parser.feed(read)
        messages += parser.tick()
    return told(messages)


def cut(data: str, at: list[int]) -> list[str]:
    """Cut what a terminal sends into reads."""
    places = sorted({place % len(data) for place in at} - {0})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def shown(text: str) -> str:
    """Return what a pasted text is in the event."""
    return text.replace("\x1b", "\u241b").replace("\x00", "")


@given(TEXTS, st.lists(st.integers(0, 200)))
@example("one \x1b two \x0f x :quit\r", list(range(40)))
@example("\x1b", [6, 7])
@example("\x1b[20\x1b[20", list(range(30)))
def test_any_text_in_any_reads_is_one_paste_between_the_keys(text: str, at: list[int]) -> None:
    reads = cut(f"a{START}{text}{END}b", at)
    assert heard(PasteParser(), *reads) == ["key a", f"paste {shown(text)}", "key b"]


@given(TEXTS, TEXTS, st.lists(st.integers(0, 200)))
def test_two_pastes_are_two(first: str, second: str, at: list[int]) -> None:
    reads = cut(f"{START}{first}{END}{START}{second}{END}", at)
    assert heard(PasteParser(), *reads) == [f"paste {shown(first)}", f"paste {shown(second)}"]


@given(st.lists(KEYS), st.lists(st.integers(0, 200)))
def test_keys_are_what_they_were(keys: list[str], at: list[int]) -> None:
    data = "".join(keys) + "z"
    assert heard(PasteParser(), *cut(data, at)) == told(list(XTermParser().feed(data)))


@pytest.mark.parametrize("pause", [0.2, PATIENCE * 5])
@pytest.mark.parametrize("at", range(1, 24))
def test_a_line_that_stalls_in_a_paste_makes_no_keys_of_its_text(
    clock: Clock, at: int, pause: float
) -> None:
    data = f"{START}x :quit\rx\x1bx{END}"
    parser = PasteParser()
    before = heard(parser, data[:at])
    clock.now += pause
    before += told(list(parser.tick()))
    after = heard(parser, data[at:])
    assert (before + after)[-1] == "paste x :quit\rx\u241bx"
    # Only the start mark itself may become keys, when it was taken for Escape or unfinished.
    assert len(before + after) == 1 or (at < len(START) and after == ["paste x :quit\rx\u241bx"])


def test_escape_alone_is_not_kept_waiting(clock: Clock) -> None:
    parser = PasteParser()
    assert heard(parser, "\x1b") == []
    clock.now += 0.2
    assert told(list(parser.tick())) == ["key escape"]
    assert heard(parser, "[", "A") == ["key left_square_bracket", "key A"]


def test_a_start_mark_is_waited_for_longer_than_a_key(clock: Clock) -> None:
    parser = PasteParser()
    assert heard(parser, "\x1b[20") == []
    clock.now += PATIENCE - 0.1
    assert told(list(parser.tick())) == []
    assert heard(parser, f"0~x{END}") == ["paste x"]


@pytest.mark.parametrize("key", ["q", "\x1b[A", "\x1bOP", "\r", "湖"])
def test_a_paste_that_never_ends_gives_way_to_a_key_after_a_while(clock: Clock, key: str) -> None:
    name = heard(PasteParser(), key)
    parser = PasteParser()
    assert heard(parser, START + "one \x1b[20") == []
    assert heard(parser, "x") == []
    clock.now += PATIENCE
    assert heard(parser, key) == ["paste one \u241b[20x", *name]
    assert heard(parser, key) == name


def test_escape_in_a_paste_that_never_ends_is_kept_in_it_and_no_key(clock: Clock) -> None:
    parser = PasteParser()
    assert heard(parser, START + "one") == []
    clock.now += PATIENCE
    # It may be the end mark's.
    assert heard(parser, "\x1b") == []
    clock.now += PATIENCE
    assert heard(parser, "q") == ["paste one\u241b", "key q"]


def test_the_next_paste_ends_one_that_never_ended(clock: Clock) -> None:
    parser = PasteParser()
    assert heard(parser, START + "one") == []
    clock.now += PATIENCE
    assert heard(parser, f"{START}two{END}") == ["paste one", "paste two"]


def test_a_start_mark_in_a_paste_is_text() -> None:
    assert heard(PasteParser(), f"{START}one{START}two{END}") == ["paste one\u241b[200~two"]


def test_the_end_of_all_input_ends_a_paste() -> None:
    parser = PasteParser()
    assert heard(parser, START + "one\x1b") == []
    assert told(list(parser.feed(""))) == ["paste one\u241b"]


def test_a_megabyte_comes_whole() -> None:
    text = "word \x1b[A\x1b[201 " * 70_000
    data = f"{START}{text}{END}"
    reads = [data[at : at + 4096] for at in range(0, len(data), 4096)]
    assert heard(PasteParser(), *reads) == [f"paste {shown(text)}"]


def test_the_driver_is_given_this_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux_driver, "XTermParser", None)
    monkeypatch.setattr(linux_driver, "getincrementaldecoder", None)
    monkeypatch.delenv("TEXTUAL_DRIVER", raising=False)
    app._driver()
    assert linux_driver.XTermParser is PasteParser  # pyright: ignore[reportPrivateImportUsage]
