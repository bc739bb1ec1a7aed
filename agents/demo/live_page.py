"""Runs a dashboard beside a demo, so that the user can watch the demo in a browser."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from agents.broker.ports import first_free
from agents.config.settings import ENVIRONMENT_PREFIX, Settings
from agents.dashboard.serve.guard import told

GRACE_S = 10.0
STAGED = ("home", "bootstrap", "prefix", "partitions")
"""Settings of the stage that the dashboard has to share."""


@contextmanager
def live_page(settings: Settings, say: Callable[[str], None]) -> Iterator[None]:
    """Context manager that runs a dashboard for the topics of `settings` during the block.

    Args:
        settings: settings of the demo.
        say: called with a sentence that has the address of the dashboard.
    """
    port = first_free([settings.dashboard_port])
    say(told(settings, port))
    staged = {ENVIRONMENT_PREFIX + name.upper(): str(getattr(settings, name)) for name in STAGED}
    log = settings.home_path / "logs" / "dashboard.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        dashboard = subprocess.Popen(
            [sys.executable, "-m", "agents.cli", "dashboard", "--port", str(port)],
            env=os.environ | staged,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield
    finally:
        dashboard.terminate()
        try:
            dashboard.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            dashboard.kill()
            dashboard.wait()
