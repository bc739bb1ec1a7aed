"""Runs worker processes: starts each one again when it ends, and stops all when one repeatedly fails."""

import asyncio
import logging
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Sequence
from pathlib import Path

from agents.broker.process import log_file
from agents.process.background import ungrouped
from agents.process.log_files import OWN_LOG, last_words, rotate
from agents.runtime.crash import EXIT_ENVIRONMENT, EXIT_STATE
from schemas.errors import EnvironmentProblem, StateError, TickloopError

HEALTHY_S = 30.0
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0
MOST_CRASHES_IN_A_ROW = 8
GRACE_S = 20.0
ROTATE_EVERY_S = 10.0

PATIENCE_S = 600.0
"""How long a process may go on ending because something is missing on this machine, or does not answer."""

PYTHON = [sys.executable, "-P", "-m", "agents.cli"]
"""Without the current folder on the path of modules: a `click.py` that lies there is none of ours."""

log = logging.getLogger(__name__)


def worker_command(slot: int) -> list[str]:
    """Command line of worker number `slot`, from 1; the worker's name in the consumer group ends with this number."""
    return [*PYTHON, "worker", "--slot", str(slot)]


RETRAINER_COMMAND = [*PYTHON, "retrainer"]


class Slot:
    """One process that is kept running, under a fixed name: when it ends, its successor gets the same name.

    The name of a worker is also its name in the consumer group, so its successor takes over its partitions at once.

    Args:
        name: name of the process, for people.
        command: program and arguments.
        environment: environment variables of the process.
        log_file: file to which the output of the process is appended.
        vital: whether everything stops when the process fails repeatedly; otherwise it is started again for ever.

    Attributes:
        name: name of the process, for people.
        restarts: how many times it was started again.
        log_file: file to which the output of the process is appended.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: dict[str, str],
        log_file: Path,
        *,
        vital: bool = True,
    ) -> None:
        self.name = name
        self.restarts = 0
        self.log_file = log_file
        self._command, self._vital = command, vital
        self._environment = {**environment, OWN_LOG: str(log_file)}
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        """Process id while the process runs, else None."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def keep_running(self, say: Callable[[str], None]) -> None:
        """Start the process, and start it again whenever it ends. Does not return; raises when it cannot go on.

        The pause before a restart is 0.2 s, and doubles up to 10 s each time the process ends within 30 s. For a
        process that is not vital (see the class), nothing is raised.

        Args:
            say: called with a sentence each time the process ends.

        Raises:
            StateError: the process refuses the state that is stored for it.
            EnvironmentProblem: for 10 minutes the process has ended again and again, because something is missing on
                this machine or does not answer.
            TickloopError: the process crashed too many times in a row.
        """
        loop, in_a_row = asyncio.get_running_loop(), 0
        lacking: float | None = None
        while True:
            started = loop.time()
            code = await self._run_once()
            lived = loop.time() - started
            in_a_row = 1 if lived > HEALTHY_S else in_a_row + 1
            if code == EXIT_STATE and self._vital:
                raise StateError(
                    f"{self.name} refuses its stored state; fix: as its log says in the end; {self._last_words()}"
                )
            if code != EXIT_ENVIRONMENT or lived > HEALTHY_S:
                lacking = None
            if code == EXIT_ENVIRONMENT:
                # What is missing may come, a broker for example: it is waited for, but not for ever.
                lacking = started if lacking is None else lacking
                if loop.time() - lacking > PATIENCE_S and self._vital:
                    raise EnvironmentProblem(
                        f"{self.name} has been lacking something for {loop.time() - lacking:.0f} s; "
                        f"{self._last_words()}"
                    )
            elif in_a_row > MOST_CRASHES_IN_A_ROW and self._vital:
                raise TickloopError(f"{self.name} ended {in_a_row} times in a row; {self._last_words()}")
            pause = min(FIRST_PAUSE_S * 2 ** min(in_a_row - 1, MOST_CRASHES_IN_A_ROW), LONGEST_PAUSE_S)
            how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
            say(f"{self.name} {how} after {lived:.1f} s; starting it again in {pause:.1f} s (log: {self.log_file})")
            self.restarts += 1
            await asyncio.sleep(pause)

    async def _run_once(self) -> int:
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C at the terminal is the supervisor's to pass on, in its order.
                start_new_session=True,
            )
        return await self._process.wait()

    def _last_words(self, lines: int = 15) -> str:
        return "\n".join([f"its log ({self.log_file}) ends with:", *last_words(self.log_file, lines)])

    async def stop(self) -> None:
        """Stop the process with SIGTERM, on which a worker stores its state; kill it if it runs on after 20 s."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), GRACE_S)
        except TimeoutError:
            log.warning("%s did not stop within %s s: killed", self.name, GRACE_S)
            process.kill()
            await process.wait()


class Supervisor:
    """Runs a number of workers until it is cancelled, and with them a retrainer and a dashboard if asked for.

    Args:
        workers: number of workers.
        home: home folder of the system; logs go to its subfolder `logs`.
        environment: environment variables for the processes, in addition to those of this process.
        say: called with a sentence about each event.
        retrainer: whether to run the process that retrains models.
        dashboard_port: port of the dashboard to run; 0 runs none.

    Attributes:
        slots: the worker processes.
        retrainer: the retrainer process, or None.
        dashboard: the dashboard process, or None.
    """

    def __init__(
        self,
        workers: int,
        home: Path,
        environment: dict[str, str],
        say: Callable[[str], None],
        *,
        retrainer: bool = False,
        dashboard_port: int = 0,
    ) -> None:
        # Seeded hashing: no payload depends on it, and a test that compares two seeds shows so.
        # Replays and demos run beside the live workers, whose ports they must not take.
        silent = {"TICKLOOP_METRICS_PORT": "0"}
        surroundings = {**os.environ, **silent, **environment, "PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": "1"}
        self.slots = [
            Slot(f"worker-{slot}", worker_command(slot), surroundings, home / "logs" / f"worker-{slot}.log")
            for slot in range(1, workers + 1)
        ]
        self.retrainer = (
            # Ticks are predicted without it.
            Slot("retrainer", RETRAINER_COMMAND, surroundings, home / "logs" / "retrainer.log", vital=False)
            if retrainer
            else None
        )
        command = [*PYTHON, "dashboard", "--port", str(dashboard_port)]
        self.dashboard = (
            Slot("dashboard", command, surroundings, home / "logs" / "dashboard.log") if dashboard_port else None
        )
        self._say = say
        self._home = home

    @property
    def all(self) -> list[Slot]:
        """All processes that are kept running: workers, retrainer and dashboard."""
        return [*self.slots, *filter(None, (self.retrainer, self.dashboard))]

    async def run(self) -> None:
        """Keep all processes running until cancelled; stop all of them when a worker repeatedly fails.

        If the dashboard repeatedly fails, the other processes go on without it. The retrainer is always started again.
        """
        try:
            async with ungrouped(TickloopError), asyncio.TaskGroup() as group:
                for slot in self.all:
                    group.create_task(self._keep_running(slot))
                group.create_task(self._keep_log_of_broker_small())
        finally:
            await asyncio.shield(asyncio.gather(*(slot.stop() for slot in self.all)))

    async def _keep_running(self, slot: Slot) -> None:
        try:
            await slot.keep_running(self._say)
        except TickloopError as error:
            if slot is not self.dashboard:
                raise
            self._say(f"the loop goes on without its dashboard: {error}")

    async def _keep_log_of_broker_small(self) -> None:
        """Rotate the log of the local broker, for ever. Processes of this supervisor rotate their own logs."""
        file = log_file(self._home)
        while True:
            try:
                await asyncio.to_thread(rotate, file)
            except OSError as error:
                log.warning("%s is not put aside: %s; fix: free space, or delete it", file, error)
            await asyncio.sleep(ROTATE_EVERY_S)
