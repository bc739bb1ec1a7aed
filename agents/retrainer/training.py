"""Trains a model in a separate process, so that a training that is slow or killed stops nothing else."""

import asyncio
import os
import sys
from contextlib import suppress

import msgspec
from msgspec import Struct

from agents.config.plugins import configured_parameters
from schemas.codec import encode
from schemas.models import ModelState
from schemas.retraining import RetrainingResult
from schemas.windows import Breach
from streams.retraining.job import retrain
from streams.retraining.labels import Labelled

LAST_WORDS = 300
"""Most characters of the last line of a failed training that are reported."""

NICE = 10
"""Niceness of the training process, so that workers come first."""

_result = msgspec.json.Decoder(RetrainingResult).decode


class Work(Struct, frozen=True):
    """Input of the training process, apart from parameters, which the process reads from the configuration.

    Attributes:
        symbol: symbol whose outcomes are learned from.
        breach: the finding that called for the retrain, for example that the live version's skill fell.
        log: outcomes that were known when the retrain was called for, the oldest first.
        pool: stored models that the new model is compared with.
    """

    symbol: str
    breach: Breach
    log: list[Labelled]
    pool: list[ModelState]


async def train(work: Work, timeout_s: float) -> RetrainingResult:
    """Run a training in a new process and return its result.

    The result has the status `failed` if the process ends with an error or is killed. A process that takes longer than
    `timeout_s` seconds is killed.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "agents.retrainer.training",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    try:
        async with asyncio.timeout(timeout_s):
            said, complained = await process.communicate(msgspec.msgpack.encode(work))
    except TimeoutError:
        return _failed(work, f"not done within {timeout_s:g} s: ended")
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):  # it ended meanwhile
                process.kill()
            await process.wait()
    if process.returncode:
        how = f"signal {-process.returncode}" if process.returncode < 0 else f"exit code {process.returncode}"
        last = complained.decode(errors="replace").strip().splitlines()[-1:]
        return _failed(work, f"the training ended with {how}" + (f": {last[0][:LAST_WORDS]}" if last else ""))
    try:
        return _result(said)
    except msgspec.DecodeError as error:
        return _failed(work, f"the training said what is no result: {error}")


def _failed(work: Work, sentence: str) -> RetrainingResult:
    return RetrainingResult(
        job_id=work.breach.id, symbol=work.symbol, status="failed", sentence=sentence, trigger=work.breach.trigger
    )


def main() -> None:
    """Run the training process: read a `Work` from standard input, write the result to standard output."""
    os.nice(NICE)
    work = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Work)
    parameters = configured_parameters()
    market = parameters.for_symbol(work.symbol)
    result = retrain(work.symbol, work.breach, work.log, market, parameters.retraining, work.pool)
    sys.stdout.buffer.write(encode(result))


if __name__ == "__main__":
    main()
