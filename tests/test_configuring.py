"""A theme is written into the config file, and nothing else in it changes."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storyloom import configuring, settings
from storyloom.configuring import save_preset, set_cap_per_day, set_theme
from storyloom.settings import PlanPart, Preset
from storyloom.text import Refusal, clean

FULL = """\
# My settings.

theme  =  "paper"   # for the afternoon
count = 5

[[model]]
name = "desk"  # mine
model = "openai/llama"

[keys.loom]
theme = "t"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "config.toml"
    monkeypatch.setenv("STORYLOOM_CONFIG", str(file))
    return file


def changed(file: Path, before: str, after: str) -> None:
    """Set the theme `mono` in a file and hold that it is what was expected, to the byte."""
    file.write_bytes(before.encode())
    assert set_theme("mono") == file
    assert file.read_bytes().decode() == after
    assert settings.load().theme == "mono"


def test_a_theme_that_is_set_is_replaced_on_its_line(file: Path) -> None:
    changed(file, FULL, FULL.replace('"paper"', '"mono"'))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'theme = "mono"\n'),
        ("count = 5\n", 'theme = "mono"\ncount = 5\n'),
        ("[[model]]\nmodel = 'a/b'", "theme = \"mono\"\n[[model]]\nmodel = 'a/b'"),
        ("# Mine.\n\ncount = 5\n", '# Mine.\n\ntheme = "mono"\ncount = 5\n'),
        ("# How many.\ncount = 5\n", 'theme = "mono"\n# How many.\ncount = 5\n'),
        ("# Only this", '# Only this\ntheme = "mono"\n'),
        ("count = 5\r\nwords = 60\r\n", 'theme = "mono"\r\ncount = 5\r\nwords = 60\r\n'),
        ("theme = 'dusk'", 'theme = "mono"\n'),
        ('"theme"="a # b" # c\n', '"theme"="mono" # c\n'),
        ('count = 5\n  theme = "x"\t\n', 'count = 5\n  theme = "mono"\n'),
        ('# theme = "dusk"\n\n', '# theme = "dusk"\n\ntheme = "mono"\n'),
        ('[keys.loom]\ntheme = "t"\n', 'theme = "mono"\n[keys.loom]\ntheme = "t"\n'),
    ],
)
def test_what_else_is_there_stays_as_it_was(file: Path, before: str, after: str) -> None:
    changed(file, before, after)


def test_a_theme_inside_of_another_text_is_none(file: Path) -> None:
    before = '[[model]]\nmodel = """a/b\ntheme = "x"\n"""\n'
    changed(file, before, f'theme = "mono"\n{before}')


@given(
    st.lists(
        st.sampled_from(
            ["# a comment", "", "words = 60", "count = 2", "ascii = true", 'theme = "paper"']
        ),
        unique_by=lambda line: line or object(),
    ),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_any_file_says_the_theme_and_all_that_it_said_before(
    lines: list[str], end: str, whole: bool
) -> None:
    before = end.join(lines) + (end if whole and lines else "")
    after = configuring._with(before, "theme", '"mono"')
    kept = [line for line in before.splitlines() if not line.startswith("theme")]
    assert [line for line in after.splitlines() if not line.startswith("theme")] == kept
    assert sum(line == 'theme = "mono"' for line in after.splitlines()) == 1


def test_a_theme_is_set_again_and_again_and_there_is_one(file: Path) -> None:
    for name in ("mono", "paper", "dusk"):
        set_theme(name)
    assert file.read_text() == 'theme = "dusk"\n'


def test_folders_that_are_not_there_are_made_for_their_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STORYLOOM_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "new"))
    path = set_theme("paper")
    assert path == tmp_path / "new/storyloom/config.toml"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_text("count = 5\n")
    file.symlink_to(real)
    set_theme("mono")
    assert file.is_symlink()
    assert real.read_text() == 'theme = "mono"\ncount = 5\n'


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"theem = 3\n", "there is no setting 'theem'; did you mean 'theme'?"),
        (b"count = \n", "are not right as TOML"),
        (b"theme = '''\ndusk'''\n", "are not right as TOML"),
        (b"\xff\xfe\n", "is not a text in UTF-8"),
    ],
)
def test_a_file_that_is_not_right_is_left_as_it_is(file: Path, content: bytes, says: str) -> None:
    file.write_bytes(content)
    with pytest.raises(Refusal) as refused:
        set_theme("mono")
    assert says in str(refused.value)
    assert str(file) in str(refused.value)
    assert ".storyloom-" not in str(refused.value)
    assert file.read_bytes() == content
    assert sorted(file.parent.iterdir()) == [file]


def test_a_folder_in_its_place_is_refused(file: Path) -> None:
    file.mkdir()
    with pytest.raises(Refusal, match=r"config\.toml cannot be written: Is a directory\."):
        set_theme("mono")


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_disk_that_fails_costs_nothing_but_the_change(
    file: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    file.write_text(FULL)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, fails, fail)
    with pytest.raises(Refusal, match="cannot be written: No space left on device"):
        set_theme("mono")
    assert file.read_text() == FULL
    assert sorted(file.parent.iterdir()) == [file]


def test_a_file_that_is_read_only_is_not_replaced(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(FULL)
    # As root everything can be written to.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(Refusal, match="it is read-only"):
        set_theme("mono")
    assert file.read_text() == FULL


@pytest.mark.parametrize(
    ("before", "cap", "after"),
    [
        ("", 5.0, "cap_per_day = 5\n"),
        ("", 0.000001, "cap_per_day = 0.000001\n"),
        ("cap_per_day = 2.50 # a coffee\ncount = 5\n", 3.25,
         "cap_per_day = 3.25 # a coffee\ncount = 5\n"),
        ("# Mine.\n\ncount = 5\n", 1.0, "# Mine.\n\ncap_per_day = 1\ncount = 5\n"),
        ("count = 5\r\ncap_per_day = 2 # a coffee\r\n", None, "count = 5\r\n"),
        ("count = 5\n", None, "count = 5\n"),
        ("cap = 1\n[keys.loom]\n", 2.0, "cap_per_day = 2\ncap = 1\n[keys.loom]\n"),
    ],
)  # fmt: skip
def test_a_days_cap_is_set_changed_and_taken_out(
    file: Path, before: str, cap: float | None, after: str
) -> None:
    file.write_bytes(before.encode())
    assert set_cap_per_day(cap) == file
    assert file.read_bytes().decode() == after
    assert settings.load().cap_per_day == cap


def test_a_days_cap_that_no_setting_can_be_is_refused_with_the_file_as_it_was(file: Path) -> None:
    file.write_text("count = 5\n")
    with pytest.raises(Refusal, match="cap_per_day has to be from"):
        set_cap_per_day(5_000_000.0)
    assert file.read_text() == "count = 5\n"


FORK = Preset("fork", (PlanPart("openai/a", 2), PlanPart("desk", 1, {"temperature": 1.1})),
              {"words": 40, "trim": False})  # fmt: skip
WRITTEN = """\
[[preset]]
name = "fork"
models = { "openai/a" = 2, "desk" = { count = 1, temperature = 1.1 } }
words = 40
trim = false
"""


@pytest.mark.parametrize("before", ["", FULL, FULL.rstrip("\n")])
def test_a_preset_is_written_behind_what_is_there(file: Path, before: str) -> None:
    file.write_text(before)
    assert save_preset(FORK) == file
    assert file.read_text() == (f"{FULL}\n{WRITTEN}" if before else WRITTEN)
    assert settings.load().presets == (FORK,)


BETWEEN = """\
[[preset]]
name = "first"
words = 80

# The one for forks.
[[ preset ]]  # mine
words = 20
# why so few
  name = 'fork'
[preset.models]
x = 1
y = { words = 30 }

# About the models.
[[model]]
model = "a/b"
"""


def test_a_preset_of_that_name_is_replaced_where_it_stands_and_comments_stay(file: Path) -> None:
    file.write_text(BETWEEN)
    save_preset(FORK)
    before, after = BETWEEN.split("words = 20\n")[0], BETWEEN[BETWEEN.index("\n# About") :]
    table = WRITTEN.removeprefix("[[preset]]\n")
    assert file.read_text() == f"{before}# why so few\n{table}{after}"
    assert settings.load().presets == (Preset("first", (), {"words": 80}), FORK)


def test_what_only_looks_like_a_preset_is_left_alone(file: Path) -> None:
    text = 'theme = """\n[[preset]]\nname = \'fork\'\n"""\n'
    file.write_text(text)
    save_preset(FORK)
    assert file.read_text() == f"{text}\n{WRITTEN}"


def test_a_tenth_preset_is_refused_and_nothing_is_changed(file: Path) -> None:
    text = "".join(f"[[preset]]\nname = 'p{number}'\nwords = 50\n" for number in range(9))
    file.write_text(text)
    with pytest.raises(Refusal, match="nine have a digit each") as caught:
        save_preset(FORK)
    assert str(file) in str(caught.value)
    assert file.read_text() == text


NAMES = st.text(min_size=1).map(lambda text: clean(text).strip()).filter(bool)


@given(
    st.builds(
        Preset,
        NAMES,
        st.lists(st.builds(PlanPart, NAMES, st.just(1),
                           st.dictionaries(st.just("temperature"), st.floats(0, 2))),
                 min_size=1, max_size=4).map(tuple),
        st.dictionaries(st.just("top_p"), st.floats(0.01, 1)),
    ),
    st.sampled_from(["", FULL, BETWEEN, FULL.replace("\n", "\r\n")]),
)  # fmt: skip
def test_any_preset_comes_back_and_all_else_stays(
    tmp_path_factory: pytest.TempPathFactory, preset: Preset, before: str
) -> None:
    file = tmp_path_factory.getbasetemp() / "config.toml"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORYLOOM_CONFIG", str(file))
        file.write_bytes(before.encode())
        known = settings.load()
        save_preset(preset)
        now = settings.load()
        others = tuple(each for each in known.presets if each.name != preset.name)
        assert preset in now.presets
        assert tuple(each for each in now.presets if each != preset) == others
        assert (now.models, now.theme, now.keys) == (known.models, known.theme, known.keys)
        save_preset(preset)
        assert settings.load() == now
