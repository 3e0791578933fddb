"""The first line of a screen: what gives way where there is not room for all."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult

from storyloom.tui.widgets.bar import Header, _fitted
from storyloom.tui.widgets.lines import Line

TEXTS = st.lists(st.text(max_size=40), max_size=6)


@given(TEXTS, st.integers(-2, 90), st.booleans())
def test_what_is_kept_has_room_in_its_order(texts: list[str], room: int, first: bool) -> None:
    kept = _fitted(tuple((text, str(at)) for at, text in enumerate(texts)), room, first=first)
    assert sum(cell_len(text) for text, _ in kept) + 2 * max(0, len(kept) - 1) <= max(room, 0)
    places = [int(style) for _, style in kept]
    assert places == sorted(places)


class Bar(App[None]):
    """A header alone."""

    def compose(self) -> ComposeResult:
        yield Header(id="header")


async def shown(left: Line, right: Line, width: int = 80) -> str:
    app = Bar()
    async with app.run_test(size=(width, 3)):
        header = app.query_one(Header)
        header.show(left, right)
        return "".join(text for text, _ in header.lines[0]).rstrip()


async def test_a_long_title_is_cut_before_a_number_is_lost() -> None:
    left = (("The salt road and all that lay along it", "title"), ("# Part 5", "text"),
            ("n996", "text"), ("depth 265", "dim"))  # fmt: skip
    right = (("20 writing", "unread"), ("$0.83/5", "dim"), ("tide0 x9 + tide1 x9 + rope x2", "m"))
    line = await shown(left, right)
    assert cell_len(line) <= 78
    for part in ("The salt", "# Part 5", "n996", "depth 265", "20 writing", "$0.83/5", "tide0 x9"):
        assert part in line
    whole = await shown(left, right, 140)
    assert "all that lay along it" in whole
    assert "rope x2" in whole


async def test_what_has_no_room_is_left_out_from_the_inside() -> None:
    left = tuple((word * 3, "text") for word in ("here", "there", "where", "nowhere"))
    right = tuple((word * 3, "text") for word in ("one", "two", "three"))
    line = await shown(left, right, 40)
    assert line.startswith("herehere")
    assert "  threethree" in line
    assert "one" not in line
    assert "nowhere" not in line
