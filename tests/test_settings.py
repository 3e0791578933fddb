"""Settings are read as they stand, or refused with a sentence that names the file and the key."""

from pathlib import Path

import pytest

from storyloom.settings import SKETCH, ModelEntry, PlanPart, Preset, Settings, load
from storyloom.text import Refusal

FULL = """
theme = "paper"
count = 5
words = 120
temperature = 1
top_p = 0.9
seed = 7
trim = false
context = 8000
ascii = true

[[plan]]
model = "desk"
count = 2

[[plan]]
model = "openai/gpt-4o-mini"

[[model]]
name = "desk"
model = "openai/llama"
api_base = "http://127.0.0.1:8080/v1"
key_env = "DESK_KEY"
mode = "text"
window = 8192
at_once = 1

[[model]]
model = "gemini/gemini-2.0-flash"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def refusal(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(Refusal) as caught:
        load(file)
    sentence = str(caught.value)
    assert str(file) in sentence
    assert "\n" not in sentence
    assert sentence.endswith((".", "?"))
    return sentence


def test_no_file_is_an_empty_file(file: Path) -> None:
    assert load(file) == Settings()
    file.write_text("")
    assert load(file) == Settings()


def test_every_setting_is_read(file: Path) -> None:
    file.write_text(FULL)
    assert load(file) == Settings(
        theme="paper",
        count=5,
        words=120,
        temperature=1.0,
        top_p=0.9,
        seed=7,
        trim=False,
        context=8000,
        ascii=True,
        plan=(PlanPart("desk", 2), PlanPart("openai/gpt-4o-mini", 1)),
        models=(
            ModelEntry(
                "desk",
                "openai/llama",
                "http://127.0.0.1:8080/v1",
                "DESK_KEY",
                "text",
                8192,
                at_once=1,
            ),
            ModelEntry("gemini/gemini-2.0-flash", "gemini/gemini-2.0-flash"),
        ),
    )


PRESETS = """
[[preset]]
name = "fork"
models = { "openai/gpt-4o-mini" = 2, desk = 1 }
temperature = 1
trim = false

[[preset]]
name = "long"
words = 300
"""


def test_presets_are_read(file: Path) -> None:
    file.write_text(PRESETS)
    assert load(file).presets == (
        Preset(
            "fork",
            (PlanPart("openai/gpt-4o-mini", 2), PlanPart("desk", 1)),
            {"temperature": 1.0, "trim": False},
        ),
        Preset("long", (), {"words": 300}),
    )


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("words = 50", "needs name"),
        ("name = ' '\nwords = 50", "needs name"),
        ("name = 'x'", "sets nothing"),
        ("name = 'x'\nword = 50", "did you mean 'words'?"),
        ("name = 'x'\nwords = 5", "from 20 to 600, or sketch, beat or scene"),
        ("name = 'x'\nwords = 'novel'", "a whole number, or sketch, beat or scene"),
        ("name = 'x'\nvary = 'tone'", "vary has to be a name, a colon"),
        ("name = 'x'\nvary = 5", "vary has to be a text"),
        ("name = 'x'\ntrim = 1", "true or false"),
        ("name = 'x'\nseed = 1.5", "a whole number"),
        ("name = 'x'\nmodels = ['y']", "has to be a table"),
        ("name = 'x'\nmodels = { y = 0 }", "from 1 to 9"),
        ("name = 'x'\nmodels = { y = 5, z = 5 }", "1 to 9 branches in all"),
        ("name = 'x'\nwords = 50\n[[preset]]\nname = 'x'\nwords = 60", "two [[preset]] tables"),
    ],
)
def test_a_wrong_preset_is_refused(file: Path, table: str, says: str) -> None:
    assert says in refusal(file, f"[[preset]]\n{table}")


def test_a_length_may_have_a_name_and_branches_may_differ(file: Path) -> None:
    named = "words = 'Sketch'\nvary = 'tone: dry / tender'\n"
    file.write_text(f"{named}[[preset]]\nname = 'out'\n{named}")
    settings = load(file)
    assert (settings.words, settings.vary) == (SKETCH, "tone: dry / tender")
    assert settings.presets[0].values == {"words": SKETCH, "vary": "tone: dry / tender"}


def test_a_model_has_values_of_its_own_in_a_plan_and_in_a_preset(file: Path) -> None:
    file.write_text(
        "[[plan]]\nmodel = 'x'\ncount = 2\ntemperature = 1\nwords = 80\n"
        "[[preset]]\nname = 'fork'\n"
        "models = { x = { count = 2, temperature = 1.1 }, y = { top_p = 0.5 }, z = 1 }\n"
        "[[preset]]\nname = 'both'\n"
        "models = [{ model = 'x', temperature = 0.2 }, { model = 'x', temperature = 1.4 }]\n"
    )
    found = load(file)
    assert found.plan == (PlanPart("x", 2, {"temperature": 1.0, "words": 80}),)
    assert [preset.plan for preset in found.presets] == [
        (PlanPart("x", 2, {"temperature": 1.1}), PlanPart("y", 1, {"top_p": 0.5}), PlanPart("z")),
        (PlanPart("x", 1, {"temperature": 0.2}), PlanPart("x", 1, {"temperature": 1.4})),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[plan]]\nmodel='x'\ntemperature=3", "temperature has to be from 0 to 2"),
        ("[[plan]]\nmodel='x'\nseed=3", "there is no setting 'seed' in a [[plan]] table"),
        ("[[preset]]\nname='x'\nmodels={y={words=2}}", "words has to be from 20 to 600"),
        ("[[preset]]\nname='x'\nmodels={y={tepm=2}}", "no setting 'tepm' in models in a [[preset"),
        ("[[preset]]\nname='x'\nmodels=[{count=2}]", "models in a [[preset]] table needs model"),
        ("[[preset]]\nname='x'\nmodels=[2]", "has to be a table such as"),
    ],
)
def test_a_wrong_value_of_a_models_own_is_refused(file: Path, text: str, says: str) -> None:
    assert says in refusal(file, text)


def test_there_are_no_more_presets_than_digits(file: Path) -> None:
    tables = [f"[[preset]]\nname = '{number}'\nwords = 50\n" for number in range(10)]
    assert "10 [[preset]] tables" in refusal(file, "".join(tables))
    file.write_text("".join(tables[:9]))
    assert len(load(file).presets) == 9


def test_an_entry_is_found_by_its_name_or_made_from_it(file: Path) -> None:
    file.write_text(FULL)
    settings = load(file)
    assert settings.entry("desk").model == "openai/llama"
    assert settings.entry("openai/x") == ModelEntry("openai/x", "openai/x")


def test_the_config_file_of_the_environment_is_the_default(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORYLOOM_CONFIG", str(file))
    file.write_text("count = 4")
    assert load().count == 4


def test_a_byte_order_mark_does_no_harm(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbfcount = 4\n")
    assert load(file).count == 4


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cuont = 3", "there is no setting 'cuont'; did you mean 'count'?"),
        ("temprature = 1.0", "did you mean 'temperature'?"),
        ("zzz = 1", "there is no setting 'zzz'; known are alternatives, ascii, cap, cap_per_day"),
        ("[[models]]\nmodel='x'", "there is no setting 'models'; did you mean 'model'?"),
        ("[[model]]\nmodel='x'\napi_bsae='y'", "did you mean 'api_base'?"),
        ("[[model]]\nmodel='x'\napi_bsae='y'", "in a [[model]] table"),
        ("[[plan]]\nmodle='x'", "in a [[plan]] table; did you mean 'model'?"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_one(file: Path, text: str, says: str) -> None:
    assert says in refusal(file, text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("count = 0", "count has to be from 1 to 9"),
        ("count = 10", "count has to be from 1 to 9"),
        ("count = 2.5", "count has to be a whole number"),
        ("count = true", "count has to be a whole number"),
        ("count = '3'", "count has to be a whole number"),
        ("words = 19", "words has to be from 20 to 600"),
        ("context = 100", "context has to be from 512"),
        ("temperature = 3", "temperature has to be from 0 to 2"),
        ("temperature = nan", "temperature has to be from 0 to 2"),
        ("temperature = true", "temperature has to be a number"),
        ("ascii = 1", "ascii has to be true or false"),
        ("theme = 1", "theme has to be a text"),
        ("[theme]\nx = 1", "theme has to be a text"),
        ("model = 'x'", "write each model as a table that begins with [[model]]"),
        ("[model]\nmodel = 'x'", "write each model as a table that begins with [[model]]"),
        ("plan = [1]", "write each plan as a table that begins with [[plan]]"),
        ("[[model]]\nname = 'x'", "a [[model]] table needs model"),
        ("[[model]]\nmodel = ' '", "model in a [[model]] table has to be a text"),
        ("[[model]]\nmodel = 1", "model in a [[model]] table has to be a text"),
        ("[[model]]\nmodel='x'\nwindow=true", "window in a [[model]] table"),
        ("[[model]]\nmodel='x'\nwindow=10", "256 or more"),
        ("[[model]]\nmodel='x'\nfill=1", "fill in a [[model]] table has to be true or false"),
        ("[[model]]\nmodel='x'\nat_once=true", "at_once in a [[model]] table has to be a whole"),
        ("[[model]]\nmodel='x'\nat_once=65", "from 1 to 64"),
        ("[[model]]\nmodel='x'\nmode='raw'", "one of chat, text, prefill"),
        ("[[model]]\nmodel='x'\napi_base='localhost:1'", "api_base has to be an address"),
        ("[[model]]\nmodel='x'\n[[model]]\nname='x'\nmodel='y'", "have the name 'x'"),
        ("[[plan]]\ncount = 2", "a [[plan]] table needs model"),
        ("[[plan]]\nmodel='x'\ncount=true", "count in a [[plan]] table has to be from 1 to 9"),
        ("[[plan]]\nmodel='x'\ncount=10", "count in a [[plan]] table has to be from 1 to 9"),
    ],
)
def test_a_wrong_value_is_refused_by_its_key(file: Path, text: str, says: str) -> None:
    assert says in refusal(file, text)


@pytest.mark.parametrize("key", ["key", "api_key", "token"])
def test_a_key_in_the_file_is_refused_without_being_shown(file: Path, key: str) -> None:
    sentence = refusal(file, f"[[model]]\nmodel='x'\n{key}='sk-secret-123'")
    assert "key_env" in sentence
    assert "secret" not in sentence
    sentence = refusal(file, "[[model]]\nmodel='x'\nkey_env='sk-secret-123'")
    assert "not a key" in sentence
    assert "secret" not in sentence


@pytest.mark.parametrize(
    "text",
    ["count =", "a = [", "x = " + "[" * 50_000, "x = " + "9" * 5_000, "x = 2026-02-31", "a=1\na=2"],
    ids=["no value", "open", "deep", "long number", "no such day", "twice"],
)
def test_what_is_not_toml_is_refused(file: Path, text: str) -> None:
    assert "not right as TOML" in refusal(file, text)


def test_what_is_not_utf8_is_refused(file: Path) -> None:
    file.write_bytes(b'theme = "\xff"')
    with pytest.raises(Refusal, match="not right as TOML"):
        load(file)


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"cannot be read: .+\.$"):
        load(tmp_path)


def test_a_hostile_key_is_shown_harmless(file: Path) -> None:
    assert "\x1b" not in refusal(file, '"\\u001b[31mx" = 1')
