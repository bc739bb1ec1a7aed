"""Settings: where and how the system runs, from the environment, one TOML file and command-line flags."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from schemas.errors import ConfigurationError
from schemas.topics import PARTITIONS
from streams.engine.configured import nearest, unknown_field

ENVIRONMENT_PREFIX = "TICKLOOP_"

TABLES = (
    "settings",
    "plugins",
    "market",
    "references",
    "symbols",
    "account",
    "experiments",
    "monitor",
    "retraining",
)
"""Tables that the TOML file may have; the fields of each are checked where it is used."""

WRITTEN_BY_BACKTESTS = "run"
"""Table of a backtest's `run.toml` with its other inputs; ignored when that file is used as a parameter file."""

OTHERS = ("CONFIG", "LOG_FILE", "TEST_BROKER", "CHROMIUM", "STATISTICS")
"""Variables that are no settings: the path of the file, those between processes, and those of tests."""

LINKED = re.compile(r"(^|_)SERVICE_(HOST|PORT)|(^|_)PORT(_[0-9]+_(TCP|UDP)|$)")
"""Variables that Kubernetes derives from names of services, such as `TICKLOOP_WORKERS_SERVICE_HOST`."""

SECRETS = ("directive_key", "alert_webhook", "dashboard_token")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where and how the system runs; read with `Settings.load()`.

    Each field can be set as the variable `TICKLOOP_<FIELD>`, or in the table `[settings]` of the TOML file.

    Attributes:
        home: folder of the local broker's data, of logs and of process files.
        bootstrap: address of an external Kafka cluster; empty: the local broker.
        prefix: text put before every topic and group name, so that several systems can share a cluster.
        partitions: number of partitions of every topic; fixed once topics exist.
        replication: replicas of every topic; 1 on the local broker.
        workers: number of worker processes that `tickloop up` keeps running.
        checkpoint_s: longest time between two checkpoints of a partition, seconds. At a checkpoint a worker
            stores the partition's state.
        checkpoint_bytes: most bytes of state that one checkpoint writes. State that has waited longest is written
            first, the rest at later checkpoints.
        verify_every_s: interval at which a copy of the stored state is kept for `tickloop verify`, in seconds of
            the ticks' Kafka timestamps; only the last four copies are kept.
        accept_code: digest of this program's code. If it is given, workers may go on from state that other code
            computed; empty: they refuse such state.
        session_timeout_s: time after which a silent worker loses its partitions, seconds.
        metrics_port: port of the pages `/metrics`, `/healthz` and `/readyz` of a worker; 0: not served. A worker
            started with `--slot N` uses this port plus N.
        metrics_host: address on which these pages are served; whoever can reach this address may read them.
        directive_key: secret that signs commands and other records that change what is computed; if set, such
            records are refused without its signature. Never logged.
        directive_keys: path of a file with several such secrets, so that one can replace another; used instead
            of `directive_key`.
        deployment: name of this system, part of every signature. It must never change, and must differ between
            systems that share a key. Needed with a key if `prefix` is empty.
        retrain_timeout_s: time after which a training is ended and counts as failed, seconds.
        latency_limit_ms: limit on the latency of predictions of a model version that has just gone live, ms. If
            the 95th percentile exceeds it for 15 seconds, the version before goes live again, except in two cases:
            the version before was as slow, or the new one takes at most twice as long on the same ticks. 0: no
            limit.
        alert_webhook: URL that alerts are posted to as JSON; it may contain a secret. Never logged.
        dashboard_host: address that the dashboard listens on.
        dashboard_port: port that the dashboard listens on.
        dashboard_names: further host names under which the dashboard may be opened, for example of a proxy,
            separated by commas.
        dashboard_token: secret that a person enters to act through the dashboard; empty: one is made and stored
            in `home`. Never logged.
    """

    home: str = ".tickloop"
    bootstrap: str = ""
    prefix: Annotated[str, Meta(max_length=100, pattern=r"^[A-Za-z0-9._-]*$")] = ""
    partitions: Annotated[int, Meta(ge=1, le=1_024)] = PARTITIONS
    replication: Annotated[int, Meta(ge=1, le=16)] = 1
    workers: Annotated[int, Meta(ge=1, le=1_024)] = 2
    checkpoint_s: Annotated[float, Meta(ge=0.01, le=3_600.0)] = 1.0
    checkpoint_bytes: Annotated[int, Meta(ge=1, le=1_000_000_000)] = 4_000_000
    verify_every_s: Annotated[float, Meta(ge=0.1, le=100_000_000.0)] = 7 * 24 * 3600.0
    accept_code: Annotated[str, Meta(pattern=r"^([0-9a-f]{16})?$")] = ""
    session_timeout_s: Annotated[float, Meta(ge=1.0, le=1_800.0)] = 10.0
    metrics_port: Annotated[int, Meta(ge=0, le=64_000)] = 9460
    metrics_host: str = "127.0.0.1"
    directive_key: str = ""
    directive_keys: str = ""
    deployment: Annotated[str, Meta(max_length=100, pattern=r"^[A-Za-z0-9._-]*$")] = ""
    retrain_timeout_s: Annotated[float, Meta(ge=1.0, le=86_400.0)] = 600.0
    latency_limit_ms: Annotated[float, Meta(ge=0.0, le=3_600_000.0)] = 100.0
    alert_webhook: str = ""
    dashboard_host: str = "127.0.0.1"
    dashboard_port: Annotated[int, Meta(ge=1, le=65_535)] = 8642
    dashboard_names: str = ""
    dashboard_token: str = ""

    def __repr__(self) -> str:
        shown = {name: getattr(self, name) for name in self.__struct_fields__}
        shown |= {name: "***" for name in SECRETS if shown[name]}
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    @property
    def home_path(self) -> Path:
        return Path(self.home).expanduser().resolve()

    @property
    def group(self) -> str:
        """Name of the consumer group of the workers, which begins with the prefix."""
        return self.prefix + "tickloop"

    def topic(self, name: str) -> str:
        """Return the name that a topic has on the broker: the prefix followed by `name`."""
        return self.prefix + name

    @classmethod
    def load(cls, environment: Mapping[str, str] = os.environ, **flags: Any) -> "Settings":
        """Read the settings: defaults, overridden by the TOML file, then by the environment, then by flags.

        Args:
            environment: variables of the process.
            flags: values of settings by name; None: not given.

        Raises:
            ConfigurationError: a setting is invalid or misspelt; the message names it.
        """
        expect_no_misspelt(environment)
        values = _settings_of_file(cls, environment)
        values |= {
            name: environment[ENVIRONMENT_PREFIX + name.upper()]
            for name in cls.__struct_fields__
            if environment.get(ENVIRONMENT_PREFIX + name.upper())
        }
        values |= {name: value for name, value in flags.items() if value is not None}
        return _converted(values, cls)


def _settings_of_file(kind: type[Settings], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the table `[settings]` of the TOML file, checked by itself so that an error names the file."""
    table = config_table(environment)
    with named_in_errors(environment, table):
        given = table.get("settings", {})
        if not isinstance(given, Mapping):
            raise ConfigurationError(f"[settings]: expected a table, was {given!r}")
        _converted(dict(given), kind)
        return dict(given)


def _converted(values: dict[str, Any], kind: type[Settings]) -> Settings:
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigurationError(
            unknown_field(values, kind, "settings")
            or f"settings: {error}; fix: docs/configuration.md has each with its bounds"
        ) from error


def expect_no_misspelt(environment: Mapping[str, str]) -> None:
    """Raise an error for a variable that begins with `TICKLOOP_` but names no setting, since it would have no effect.

    Variables that Kubernetes derives from names of services are accepted.

    >>> expect_no_misspelt({"TICKLOOP_WORKRES": "3"})
    Traceback (most recent call last):
    ...
    schemas.errors.ConfigurationError: TICKLOOP_WORKRES: expected the name of a setting; fix: TICKLOOP_WORKERS, or \
unset it

    Raises:
        ConfigurationError: there is such a variable; the message suggests the setting with the most similar name.
    """
    names = (*OTHERS, *(name.upper() for name in Settings.__struct_fields__))
    for variable in sorted(environment):
        name = variable.removeprefix(ENVIRONMENT_PREFIX)
        if name == variable or name in names or LINKED.search(name):
            continue
        begins = (each for each in names if name.upper().startswith(each + "_"))
        meant = next(begins, "") or nearest(name, ("CONFIG", *names[len(OTHERS) :]))
        raise ConfigurationError(
            f"{variable}: expected the name of a setting; fix: "
            + (
                f"{ENVIRONMENT_PREFIX}{meant}, or unset it"
                if meant
                else "unset it; docs/configuration.md has all of them"
            )
        )


def config_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the path of the TOML file: variable `TICKLOOP_CONFIG`, else `tickloop.toml` in the current folder.

    The file need not exist.
    """
    return Path(environment.get(ENVIRONMENT_PREFIX + "CONFIG", "") or "tickloop.toml")


@contextmanager
def named_in_errors(environment: Mapping[str, str], table: Mapping[str, Any]) -> Iterator[None]:
    """Put the path of the TOML file before the message of any configuration error that the block raises.

    Args:
        environment: variables of the process, which may name the file as `TICKLOOP_CONFIG`.
        table: content of the file; if it is empty, errors are left unchanged.

    Raises:
        ConfigurationError: the error of the block with the path before its message.
    """
    try:
        yield
    except ConfigurationError as error:
        path = config_path(environment)
        if not table or error.where == str(path):
            raise
        raise ConfigurationError(str(error), where=str(path)) from error


def config_table(environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Read the TOML file and return its tables; empty if there is no file.

    Args:
        environment: variables of the process, which may name the file as `TICKLOOP_CONFIG`.

    Raises:
        ConfigurationError: the file that `TICKLOOP_CONFIG` names is missing; or the file is unreadable, is no
            TOML, or has an unknown table.
    """
    path = config_path(environment)
    if not path.is_file():
        if environment.get(ENVIRONMENT_PREFIX + "CONFIG", ""):
            raise ConfigurationError(f"expected a TOML file at {path} (TICKLOOP_CONFIG), found none")
        return {}
    try:
        table: dict[str, Any] = msgspec.toml.decode(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"expected a readable file, was: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"expected TOML, which is UTF-8, was other bytes at {error.start}", where=str(path)
        ) from error
    except RecursionError as error:
        raise ConfigurationError("expected TOML, was nested too deeply", where=str(path)) from error
    except msgspec.DecodeError as error:
        raise ConfigurationError(str(error), where=str(path)) from error
    for name in table:
        if name not in (*TABLES, WRITTEN_BY_BACKTESTS):
            near = nearest(name, TABLES)
            meant = f"[{near}]" if near else "take it out"
            raise ConfigurationError(
                f"expected no tables but {', '.join(TABLES)}, was also [{name:.80}]; fix: {meant}", where=str(path)
            )
    return table
