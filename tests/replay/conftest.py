"""A story to try things on, as the tests of the story file have it."""

from tests.story.conftest import _own_folders, path, story

__all__ = ["_own_folders", "path", "story"]
