"""The reader of any damaged file yields ticks or an error that is a sentence, never another exception."""

from pathlib import Path

import pytest

from tests.support.damaged_files import commanded, tried, tried_columnar


@pytest.mark.parametrize("first", range(0, 4_000, 500))
def test_a_damaged_file_is_ticks_or_a_sentence(first: int) -> None:
    faults = {seed: fault for seed in range(first, first + 500) if (fault := tried(seed)) is not None}
    assert not faults, next(iter(faults.items()))


def test_a_damaged_parquet_or_feather_file_is_ticks_or_a_sentence(tmp_path: Path) -> None:
    faults = {seed: fault for seed in range(1_000) if (fault := tried_columnar(seed, tmp_path)) is not None}
    assert not faults, next(iter(faults.items()))


def test_a_backtest_of_a_damaged_file_has_a_prediction_or_an_exit_code(tmp_path: Path) -> None:
    faults = {}
    for seed in range(1, 1_601, 100):
        (folder := tmp_path / str(seed)).mkdir()
        if (fault := commanded(seed, folder)) is not None:
            faults[seed] = fault
    assert not faults, next(iter(faults.items()))
