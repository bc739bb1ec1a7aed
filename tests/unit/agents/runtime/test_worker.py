"""Modules that are imported while a worker runs are kept out of garbage collections, like those imported before."""

import asyncio
import gc
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from agents.runtime import worker

NEW = "imported_while_a_worker_runs"


async def test_modules_imported_later_are_frozen_once(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    frozen: list[int] = []
    app: Any = SimpleNamespace(should_stop=False)

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            monkeypatch.setitem(sys.modules, NEW, ModuleType(NEW))
        app.should_stop = len(slept) == 4

    monkeypatch.setattr(asyncio, "sleep", sleep)
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(len(slept)))
    await worker.keep_imports_frozen(app)
    assert frozen == [2]
