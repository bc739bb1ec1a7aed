"""The keys of a deployment: one from the setting `directive_key`, or several from a file, to change one for another."""

import os
import re
from pathlib import Path

import msgspec

from agents.config.settings import Settings
from schemas.errors import ConfigurationError
from streams.engine.signing import LONGEST_KEY_ID, UNSIGNED, Key, Signing

ONLY = "key"
"""Id of the key that `directive_key` gives."""

RUN = re.compile(r"(.*?)((?:replay-[A-Za-z0-9_-]+\.)+)", re.DOTALL)
"""Pattern of the prefix of a replay run: the deployment's own prefix, then names of runs."""


class Ring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of a deployment, as they stand in the file that the setting `directive_keys` names.

    Attributes:
        deployment: its name, which is part of what is signed.
        signs: id of the key to sign with.
        keys: all keys whose signatures are accepted somewhere, the newest first.
    """

    deployment: str
    signs: str
    keys: tuple[Key, ...]

    def __post_init__(self) -> None:
        """Check the ring; raises `ConfigurationError` if it cannot be used to sign."""
        for key in self.keys:
            if not re.fullmatch(rf"[A-Za-z0-9_-]{{1,{LONGEST_KEY_ID}}}", key.id):
                raise ConfigurationError(
                    f"expected ids of keys of 1 to {LONGEST_KEY_ID} letters, digits, - or _, was {key.id!r:.80}"
                )
            if not key.secret and not (key.plain and key.until is not None):
                raise ConfigurationError(f"expected a secret of key {key.id!r}, was empty")
        ids = [key.id for key in self.keys]
        if len(set(ids)) < len(ids):
            raise ConfigurationError(f"expected keys of different ids, was {', '.join(ids)}")
        if not any(key.id == self.signs and key.until is None and not key.plain for key in self.keys):
            raise ConfigurationError(f"expected a key to sign with that is not retired, was {self.signs!r:.80}")

    def key(self, key_id: str) -> Key:
        """The key with this id.

        Raises:
            ConfigurationError: there is none.
        """
        for key in self.keys:
            if key.id == key_id:
                return key
        known = ", ".join(key.id for key in self.keys)
        raise ConfigurationError(f"expected a key of the ring ({known}), was {key_id!r:.80}")


def deployments(name: str, prefix: str) -> tuple[str, ...]:
    """Names of a deployment: its own, then those of deployments whose log it may have copied, as a replay run does.

    >>> deployments("prod", "lab-"), deployments("prod", "lab-replay-monday.")
    (('prod/lab-',), ('prod/lab-replay-monday.', 'prod/lab-'))
    """
    run = RUN.fullmatch(prefix)
    if run is None:
        return (f"{name}/{prefix}",)
    names = [f"{name}/{run[1]}"]
    for step in re.findall(r"replay-[^.]+\.", run[2]):
        names.append(names[-1] + step)
    return tuple(reversed(names))


def signing(settings: Settings) -> Signing:
    """The `Signing` that signs records and checks signatures under these settings.

    Raises:
        ConfigurationError: the keys make no sense, or the deployment has no name.
    """
    if settings.directive_key and settings.directive_keys:
        raise ConfigurationError(
            "settings: expected directive_key or directive_keys, was both; fix: leave out directive_key"
        )
    if settings.directive_keys:
        ring = load(path_of(settings))
        return Signing(deployments(ring.deployment, settings.prefix), ring.keys, ring.signs, settings.partitions)
    if not settings.directive_key:
        return UNSIGNED
    names = deployments(named(settings), settings.prefix)
    return Signing(names, (Key(ONLY, settings.directive_key),), ONLY, settings.partitions)


def named(settings: Settings) -> str:
    """Name of the deployment as the settings give it.

    Raises:
        ConfigurationError: neither a name nor a prefix tells it from another one under the same key.
    """
    if not settings.deployment and deployments("", settings.prefix)[-1] == "/":
        raise ConfigurationError(
            "settings: expected a name of the deployment beside its key, so that nothing that is signed for one "
            "deployment is taken by another, was none; fix: TICKLOOP_DEPLOYMENT=NAME, of your choice, never changed"
        )
    return settings.deployment


def path_of(settings: Settings) -> Path:
    """File of the ring.

    Raises:
        ConfigurationError: the settings name none.
    """
    if not settings.directive_keys:
        raise ConfigurationError("expected a file of keys, was none; fix: TICKLOOP_DIRECTIVE_KEYS=FILE")
    return Path(settings.directive_keys).expanduser()


def load(path: Path) -> Ring:
    """The ring in a file.

    Raises:
        ConfigurationError: it is missing, or makes no sense.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Ring)
    except OSError as error:
        raise ConfigurationError(
            f"directive_keys: expected a file of keys at {path}, {error.strerror}; fix: tickloop keys new"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError, ConfigurationError) as error:
        # Without the cause: what the decoder shows of its input may be a secret.
        raise ConfigurationError(f"directive_keys: {path}: {_said(error)}") from None


def save(path: Path, ring: Ring) -> None:
    """Write a ring at once or not at all; nobody but its owner may read it."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(ring)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, ConfigurationError | msgspec.ValidationError) else "expected JSON"
