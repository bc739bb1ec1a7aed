"""A lifecycle node, which answers commands, connected to a market node, which carries them out."""

from typing import Any

from schemas.codec import encode
from schemas.commands import Command, PromoteVariant, RollBack, StartVariant, StopVariant
from schemas.dead_letters import DeadLetter
from schemas.models import ModelState, SignedLogisticState
from schemas.ticks import Directive, Quote
from schemas.versions import ModelVersion
from streams.engine.partition import Partition
from streams.lifecycle.arm_states import SymbolArms
from streams.lifecycle.node import LifecycleNode
from streams.market.features import SIGNED
from streams.market.node import MarketNode
from streams.parameters import Parameters

BUILTIN = f"builtin-{Parameters().market.digest()[:8]}"


BOLD = {"sizing": {"kelly_fraction": 0.001}}


MODEL = ModelState("retrained-1", SignedLogisticState(SIGNED, (0.5,) * 12, (1.0,) * 12, 9), parent=BUILTIN)


def start(arm: str, command_id: str = "", **fields: Any) -> StartVariant:
    return StartVariant(command_id or f"start-{arm}", "X", 5, arm, "test", **fields)


def stop(arm: str, command_id: str = "") -> StopVariant:
    return StopVariant(command_id or f"stop-{arm}", "X", 6, arm, "test")


def promote(arm: str, command_id: str = "", **fields: Any) -> PromoteVariant:
    return PromoteVariant(command_id or f"promote-{arm}", "X", 7, arm, "test", **fields)


def back(number: int = 0) -> RollBack:
    return RollBack(f"back-{number}", "X", 8, "test")


class Desk:
    """A lifecycle node and a market node on one partition; directives of the first go to the second.

    Args:
        node: the lifecycle node; None: one with default parameters.
    """

    def __init__(self, node: LifecycleNode | None = None) -> None:
        self.node = node or LifecycleNode()
        self.lifecycle = Partition(self.node, 3)
        self.market = Partition(MarketNode(), 3)
        self.offset = 0
        self.market.apply(0, b"X", encode(Quote("X", 1, 99.0, 3.0, 101.0, 1.0)))

    def ask(self, command: Command) -> list[Any]:
        """Give a command; return all records that follow. The market node must accept each directive among them."""
        found = list(self.lifecycle.apply(self.offset, b"X", encode(command)))
        self.offset += 1
        for record in found:
            if isinstance(record, Directive):
                assert list(self.market.apply(self.market.offset + 1, b"X", encode(record))) == []
        return found

    def told(self, command: Command) -> list[tuple[str, str, str]]:
        """Give a command; return version, status and arm name of each model version that it changed."""
        return [
            (record.version, record.status, record.arm)
            for record in self.ask(command)
            if isinstance(record, ModelVersion)
        ]

    def refused(self, command: Command, reason: str = "bad_command") -> str:
        (letter,) = self.ask(command)
        assert isinstance(letter, DeadLetter)
        assert (letter.node, letter.reason, letter.id) == ("lifecycle", reason, f"commands:3:{self.offset - 1}")
        return letter.detail

    @property
    def life(self) -> SymbolArms:
        """State of the symbol in the lifecycle node."""
        life: SymbolArms = self.lifecycle.keys["X"].state
        return life

    @property
    def running(self) -> list[tuple[str, str]]:
        """Name and version of each running arm (model version in use); fails if the two nodes do not agree."""
        shown = self.node.shown
        mine = [(shown("X", arm.name), shown("X", arm.version)) for arm in self.lifecycle.keys["X"].state.arms]
        assert mine == [(arm.name, arm.version) for arm in self.market.keys["X"].state.arms.arms]
        return mine
