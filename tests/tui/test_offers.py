"""What the list of ways on says of one that has no text yet."""

from storyloom.tui.widgets.offers import OffersPane, Way


def test_one_that_waits_to_be_asked_again_says_so_and_why() -> None:
    pane = OffersPane()
    why = "127.0.0.1 asks to wait 9 seconds."
    pane.ways = [
        Way("", "tid", "model-1", running, say) for running in (True, False) for say in ("", why)
    ]
    said = [pane._said(index)[0] for index in range(4)]
    assert said == ["waiting …", f"waits to be asked again: {why}", "waiting …", why]
