"""A training in a separate process gives the same result, and whatever ends it is reported in a sentence."""

import sys
from functools import cache
from pathlib import Path

import pytest

from agents.demo.drift_story import CONFIGURATION, SYMBOL, parameters
from agents.retrainer.training import Work, train
from schemas.codec import encode
from schemas.outcomes import OutcomeMatured
from schemas.retraining import RetrainJob
from streams.retraining.job import retrain
from streams.retraining.labels import outcome_log
from tests.support.closed_loop_story import LATENCY_NS, story

assert LATENCY_NS


@cache
def work() -> Work:
    (job, *_) = story().of(RetrainJob)
    known = [each for each in story().of(OutcomeMatured) if each.ts_event <= job.ts_event]
    return Work(SYMBOL, job.breach, list(outcome_log(known, parameters().market, 4_000).last()), [])


@pytest.fixture(autouse=True)
def _configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "tickloop.toml"
    file.write_text(CONFIGURATION)
    monkeypatch.setenv("TICKLOOP_CONFIG", str(file))


async def test_a_training_in_another_process_gives_the_same_bytes() -> None:
    found = await train(work(), timeout_s=60)
    given = work()
    expected = retrain(SYMBOL, given.breach, given.log, parameters().market, parameters().retraining)
    assert found.status == "candidate"
    assert encode(found) == encode(expected)


async def test_a_training_that_takes_too_long_is_ended_and_failed() -> None:
    found = await train(work(), timeout_s=0.05)
    assert (found.status, found.sentence) == ("failed", "not done within 0.05 s: ended")
    assert found.job_id == work().breach.id


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        ("import os; os.kill(os.getpid(), 9)", "the training ended with signal 9"),
        ("raise MemoryError('too large')", "the training ended with exit code 1: MemoryError: too large"),
        ("import sys; sys.stdin.buffer.read(); print('no result')", "the training said what is no result"),
        ("print('deaf')", "the training said what is no result"),
    ],
)
async def test_a_training_that_dies_is_failed_with_its_last_line(
    program: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!{sys.executable}\n{program}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    found = await train(work(), timeout_s=30)
    assert found.status == "failed"
    assert found.sentence.startswith(sentence)
