"""What the screens that show a list share."""

from storyloom.tui.screens.base import CommandScreen
from storyloom.tui.widgets.listing import Listing

__all__ = ["Listed"]


class Listed(CommandScreen):
    """A screen that goes through one list with the same keys as every other."""

    def do_next(self, _: str) -> None:
        """Go to the next row."""
        self.query_one(Listing).move(1)

    def do_previous(self, _: str) -> None:
        """Go to the previous row."""
        self.query_one(Listing).move(-1)

    def do_page_down(self, _: str) -> None:
        """A page on."""
        listing = self.query_one(Listing)
        listing.move(listing.page)

    def do_page_up(self, _: str) -> None:
        """A page back."""
        listing = self.query_one(Listing)
        listing.move(-listing.page)
