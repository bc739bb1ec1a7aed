"""`tickloop up` ends with one sentence, whichever of its parts cannot go on."""

import asyncio
import io

import pytest
from rich.console import Console

from agents.operations.supervisor import Supervisor
from agents.operations.system import System
from agents.settings import Settings
from schemas.errors import StateError


def test_a_worker_that_refuses_its_state_ends_everything_with_its_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    async def prepare(_: System) -> str:
        return "nowhere:1"

    async def refuse(_: Supervisor) -> None:
        raise StateError("expected one state, was another")

    async def report(_: System, __: str) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(System, "prepare", prepare)
    monkeypatch.setattr(System, "_report", report)
    monkeypatch.setattr(Supervisor, "run", refuse)
    system = System(Settings(home=str(tmp_path), bootstrap="nowhere:1"), Console(file=io.StringIO()))
    with pytest.raises(StateError, match="expected one state"):
        asyncio.run(system.run())
