"""Retrain jobs are signed like commands, and a leaked key can be retired step by step."""

from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from agents.clients.reader import Received
from agents.commands.keyring import ONLY, signing
from agents.config.settings import Settings
from agents.retrainer.jobs import Retrainer
from schemas.codec import encode
from schemas.commands import Retrain
from schemas.retraining import RetrainJob
from schemas.windows import Breach
from streams.engine.partition import Partition
from streams.engine.signing import Key, Signing
from streams.lifecycle.node import LifecycleNode
from streams.parameters import Parameters
from tests.support.signed_log import NEW, OLD, START, Log


def test_only_a_job_that_the_lifecycle_node_signed_is_done() -> None:
    breach = Breach("cli-1", "manual", "manual", 0.0, 0.0, 0, 0, retrain=True, withheld="", sentence="why")
    settings = Settings(directive_key="secret", deployment="test")
    node = LifecycleNode(signing=signing(settings))
    asked = signing(settings).sign(Retrain("cli-1", "X", 5, "why", breach), "commands:3:0")
    (job,) = Partition(node, 3).apply(0, b"X", encode(asked))
    assert isinstance(job, RetrainJob)
    nobody: Any = None
    retrainer, unsigned = (Retrainer(each, "", Parameters(), nobody) for each in (settings, Settings()))
    lies = Received(3, 7, 0, b"X", None)
    assert retrainer.is_asked_for(job, lies)
    assert not retrainer.is_asked_for(job, lies._replace(partition=2)), "it belongs where its command lies"
    for forged in (
        replace(job, signature=UNSET),
        replace(job, signature=""),
        replace(job, job="retrain-ticks:3:9:0"),
        replace(job, symbol="Y"),
        replace(job, pool=("0" * 64,)),
        replace(job, until="ticks:3:1:0"),
        replace(job, withheld="not any more"),
    ):
        assert not retrainer.is_asked_for(forged, lies)
        assert unsigned.is_asked_for(forged, lies)
    until = dict.fromkeys(("commands", "ticks", "experiment-partials", "retrain-jobs"), (0, 0, 0, 7))
    retrainer._signing = Signing(("test/",), (NEW, Key(ONLY, "secret", until)), "new")
    assert retrainer.is_asked_for(job, lies._replace(offset=6)), "it lay there before the key was retired"
    assert not retrainer.is_asked_for(job, lies)


@pytest.mark.parametrize("stopped_first", [True, False])
def test_a_leaked_key_is_retired_while_all_is_stopped_and_its_records_are_refused(stopped_first: bool) -> None:
    both = Signing(("test",), (NEW, OLD), "new")
    log = Log(both)
    log.ask(START)
    before = log.effects
    # `tickloop keys retire`, and processes that are started again behind it, or were stopped before.
    until = {"commands": (0, 0, 0, len(log.commands)), "ticks": (0, 0, 0, len(log.ticks))}
    ring = Signing(("test",), (NEW, replace(OLD, until=until)), "new")
    if stopped_first:
        log.lifecycle.node._signing = log.market.node._signing = ring  # type: ignore[attr-defined]
    forged = Signing(("test",), (OLD,), "old").sign(replace(START, id="forged", arm="b"), "commands:3:1")
    log.put(encode(forged))
    assert (log.effects == before) == stopped_first, "a process that runs takes the old key: the guide says so"
    assert [letter.reason for letter in log.letters] == ["unsigned_command"] * stopped_first
