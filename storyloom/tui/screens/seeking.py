"""The replay's part that goes to moments, sets the speed and the loop."""

from storyloom.replay import clock
from storyloom.replay.player import Player
from storyloom.replay.recording import CHAPTER, CHOICE
from storyloom.text import Refusal
from storyloom.tui.screens.base import CommandScreen

__all__ = ["Seeking"]


class Seeking(CommandScreen):
    """Commands that tell the player something, and show where it stands then."""

    def ready(self) -> Player:
        """Return the player. Raises Refusal while there is none."""
        raise NotImplementedError

    def moved(self) -> None:
        """Show where it stands now."""
        raise NotImplementedError

    def do_second_before(self, _: str) -> None:
        """Five seconds back."""
        self.ready().skip(-5)
        self.moved()

    def do_second_after(self, _: str) -> None:
        """Five seconds on."""
        self.ready().skip(5)
        self.moved()

    def do_event_before(self, _: str) -> None:
        """One event back."""
        self.ready().step(-1)
        self.moved()

    def do_event_after(self, _: str) -> None:
        """One event on."""
        self.ready().step(1)
        self.moved()

    def do_choice_before(self, _: str) -> None:
        """The choice before."""
        self._to_mark(CHOICE, -1)

    def do_choice_after(self, _: str) -> None:
        """The next choice."""
        self._to_mark(CHOICE, 1)

    def do_chapter_before(self, _: str) -> None:
        """The chapter before."""
        self._to_mark(CHAPTER, -1)

    def do_chapter_after(self, _: str) -> None:
        """The next chapter."""
        self._to_mark(CHAPTER, 1)

    def _to_mark(self, kind: str, direction: int) -> None:
        player = self.ready()
        what = "choice" if kind == CHOICE else "chapter mark"
        if not player.marks:
            raise Refusal(f"No {what} is known yet.")
        try:
            player.to_mark(kind, direction)
        except Refusal:
            where = "after" if direction > 0 else "before"
            raise Refusal(f"There is no {what} {where} this moment.") from None
        self.moved()

    def do_sitting_before(self, _: str) -> None:
        """Where this sitting begins, or the one before."""
        self._to_sitting(-1)

    def do_sitting_after(self, _: str) -> None:
        """Where the next sitting begins."""
        self._to_sitting(1)

    def _to_sitting(self, direction: int) -> None:
        try:
            self.ready().to_sitting(direction)
        except Refusal:
            where = "after" if direction > 0 else "before"
            raise Refusal(f"No sitting begins {where} this moment.") from None
        self.moved()

    def do_speed(self, speed: str) -> None:
        """Play at a speed; without one, ask for it."""
        player = self.ready()
        if not speed:
            self.ask("speed, 0.25 to 16, or max", self._change_speed,
                     begun=clock.speed_said(player.speed), over=True)  # fmt: skip
            return
        player.set_speed(clock.speed_typed(speed))
        self.moved()

    def _change_speed(self, speed: str) -> None:
        if speed.strip():
            self.do_speed(speed)

    def do_idle_cap(self, seconds: str) -> None:
        """Wait for an event so many seconds at most; without a number, ask for it."""
        player = self.ready()
        if not seconds:
            self.ask("seconds that it waits for an event at most", self._change_cap,
                     begun=f"{player.cap:g}", over=True)  # fmt: skip
            return
        player.set_cap(clock.cap_typed(seconds))
        self.moved()

    def _change_cap(self, seconds: str) -> None:
        if seconds.strip():
            self.do_idle_cap(seconds)

    def do_faster(self, _: str) -> None:
        """Play faster."""
        self.ready().change_speed(1)
        self.moved()

    def do_slower(self, _: str) -> None:
        """Play slower."""
        self.ready().change_speed(-1)
        self.moved()

    def do_share(self, tenths: str) -> None:
        """Go to that many tenths of the time."""
        if not tenths.isdecimal() or not 0 <= int(tenths) <= 10:
            raise Refusal("Write 0 to 9: tenths of the whole time.")
        self.ready().go_to_share(int(tenths))
        self.moved()

    def do_first(self, _: str) -> None:
        """The beginning."""
        self.ready().go(0)
        self.moved()

    def do_last(self, _: str) -> None:
        """The end."""
        player = self.ready()
        player.go(len(player.recording))
        self.moved()

    def do_go(self, place: str) -> None:
        """Go to a time, an event or a share of the whole; without one, ask for it."""
        player = self.ready()
        if not place:
            self.ask("14:30, 812 for an event, or 50%", self._go)
            return
        player.typed(place)
        self.moved()

    def _go(self, place: str) -> None:
        if place.strip():
            self.do_go(place)

    def do_loop_begin(self, _: str) -> None:
        """Begin the loop here, or no longer."""
        self.ready().set_loop("a")
        self.moved()

    def do_loop_end(self, _: str) -> None:
        """End the loop here, or no longer."""
        self.ready().set_loop("b")
        self.moved()
