"""A headless Chromium for tests of the pages: the one that is installed on this machine."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
VARIABLE = "TICKLOOP_CHROMIUM"
ABSENT = f"expected a Chromium, found none; fix: apt-get install chromium-headless-shell, or set {VARIABLE} to one"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""No sandbox, because continuous integration may run as root; the pages that it opens are our own."""


def executable() -> str | None:
    """Path of a Chromium: the value of `TICKLOOP_CHROMIUM`, or one on the PATH; None if there is none."""
    return os.environ.get(VARIABLE) or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """Run a Chromium while the block runs."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable(), args=list(QUIET))
        try:
            yield chromium
        finally:
            chromium.close()
