"""Changes of a text as Quill's operations."""

from hypothesis import given
from hypothesis import strategies as st

from storyloom.exchange.splices import Marked, Part, delta, marked, parts, units
from storyloom.story import purging, shape
from storyloom.story.story import Story

LETTERS = st.lists(st.tuples(st.sampled_from("ab .🜁"), st.sampled_from("AU")), max_size=14)


def text_of(letters: list[tuple[str, str]]) -> Marked:
    return Marked("".join(text for text, _ in letters), "".join(whose for _, whose in letters))


def in_units(letters: list[tuple[str, str]]) -> list[tuple[bytes, str]]:
    out: list[tuple[bytes, str]] = []
    for text, whose in letters:
        data = text.encode("utf-16-le")
        out += [(data[at : at + 2], whose) for at in range(0, len(data), 2)]
    return out


@given(old=LETTERS, new=LETTERS)
def test_parts_make_the_one_text_the_other_with_whose_it_is(
    old: list[tuple[str, str]], new: list[tuple[str, str]]
) -> None:
    made = in_units(old)
    for at, by_model, deleted, inserted in parts(100, text_of(old), text_of(new)):
        assert bool(deleted) != bool(inserted)
        assert not (deleted and by_model)
        put = in_units([(each, "A" if by_model else "U") for each in inserted])
        made[at - 100 : at - 100 + deleted] = put
    assert made == in_units(new)


def test_a_delta_retains_what_is_before_and_between() -> None:
    some = [Part(0, False, 0, "🜁"), Part(2, False, 3, ""), Part(7, False, 0, "x")]
    assert delta(some) == (
        8, (("insert", "🜁"), ("delete", 3), ("retain", 5), ("insert", "x")),
    )  # fmt: skip


def test_units_are_those_of_utf_16() -> None:
    for text in ("", "abc", "é", "a🜁b🜁"):
        assert units(text) == len(text.encode("utf-16-le")) // 2


def test_a_text_that_was_purged_is_nobodys(story: Story) -> None:
    one = shape.write_child(story, 1, " One.")
    (rev,) = story.read.execute("SELECT rev FROM node WHERE id = ?", (one,)).fetchone()
    assert marked(story, rev) == (" One.", "UUUUU")
    shape.prune(story, one)
    purging.purge(story, [one])
    assert marked(story, rev) == marked(story, 0) == ("", "")
