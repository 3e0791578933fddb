"""What the screens share that take presets and keep them."""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from storyloom import configuring, settings
from storyloom.generate.plan import as_preset, in_force, plan_for, preset_name
from storyloom.settings import MOST_PRESETS, Preset, Settings
from storyloom.story.story import Story
from storyloom.text import Refusal, one_line
from storyloom.tui.screens.base import CommandScreen

if TYPE_CHECKING:
    from storyloom.tui.app import Loom

__all__ = ["Presets", "preset_in_force"]


class Presets(CommandScreen):
    """Take a preset for a place, and make one of what is in force there."""

    def place(self) -> tuple[Story, int]:
        """Return the story and the node, or 0 for the whole story, that presets are for."""
        raise NotImplementedError

    async def take_preset(self, preset: Preset) -> None:
        """Let the place have what a preset sets."""
        raise NotImplementedError

    async def preset_kept(self) -> None:
        """Do what is to be done once a preset was kept; here nothing."""

    @property
    def program(self) -> "Loom":
        """The application, which has the user's settings."""
        return cast("Loom", self.app)

    async def do_preset(self, name: str) -> None:
        """Take the preset of that name, or ask for one; `save NAME` keeps one."""
        presets = self.program.settings.presets
        found = [each for each in presets if each.name == name.strip()]
        word, _, rest = name.strip().partition(" ")
        if word == "save" and not found:
            await self.save_preset(rest)
            return
        if not presets:
            raise Refusal(
                "There is no preset yet; s on the screen that G opens, or :preset save NAME, keeps "
                "what is in force."
            )
        if not name:
            named = "  ".join(f"{at} {one_line(each.name)}" for at, each in enumerate(presets, 1))
            digits = "".join(str(at) for at in range(1, len(presets) + 1))
            self.choose(f"preset  {named}", digits,
                        lambda digit: self.take_preset(presets[int(digit) - 1]))  # fmt: skip
            return
        if not found:
            known = ", ".join(one_line(each.name) for each in presets)
            raise Refusal(f"There is no preset {one_line(name)!r}; there are {known}.")
        await self.take_preset(found[0])

    async def save_preset(self, name: str) -> None:
        """Keep what is in force as a preset of that name; asks for it, and before one goes."""
        if not name.strip():
            self.ask("call it", self._keep_as)
            return
        await self._keep_as(name)

    async def _keep_as(self, name: str) -> None:
        if not name.strip():
            return
        known = self.program.settings.presets
        same = [each.name for each in known if each.name == preset_name(name)]
        if same:
            self.confirm(f"There is a preset {one_line(same[0])}. Replace it?",
                         lambda: self._keep_preset(name))  # fmt: skip
            return
        if len(known) >= MOST_PRESETS:
            raise Refusal(
                "There are nine presets, one for each digit; give the name of one to replace it."
            )
        await self._keep_preset(name)

    async def _keep_preset(self, name: str) -> None:
        story, node = self.place()
        user = self.program.settings
        preset = await asyncio.to_thread(as_preset, story, user, node, name)
        path = await asyncio.to_thread(configuring.save_preset, preset)
        # As the file now has them, where an author may have written others meanwhile.
        presets = (await asyncio.to_thread(settings.load)).presets
        self.program.settings = replace(user, presets=presets)
        await self.preset_kept()
        digit = [each.name for each in presets].index(preset.name) + 1
        self.say(f"p {digit} takes {one_line(preset.name)} from now on; {one_line(str(path))}.")


def preset_in_force(story: Story, user: Settings, node: int) -> str:
    """Return the name of the preset that says all that is in force at a node, or nothing."""
    plan = plan_for(story, node, user).parts
    values = {each.name: each.value for each in in_force(story, user, node)}
    found = (
        preset.name
        for preset in user.presets
        if preset.plan == plan
        and all(values.get(key) == value for key, value in preset.values.items())
    )
    return next(found, "")
