"""The signing keys of a deployment: a single one from the setting `directive_key`, or several from a file.

When one key replaces another, both are needed: older records carry signatures of the old key.
"""

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
    """The signing keys of a deployment, as stored in the JSON file that the setting `directive_keys` names.

    Attributes:
        deployment: name of the deployment; it is part of every signature.
        signs: id of the key that signs new records.
        keys: known keys, the newest first. Signatures of a retired key are accepted only on records that were
            written before it was retired.
    """

    deployment: str
    signs: str
    keys: tuple[Key, ...]

    def __post_init__(self) -> None:
        """Check ids and secrets of all keys, and that the signing key is among them and not retired.

        Raises:
            ConfigurationError: one of the checks fails.
        """
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
        """Return the key with this id.

        Raises:
            ConfigurationError: the ring has no such key.
        """
        for key in self.keys:
            if key.id == key_id:
                return key
        known = ", ".join(key.id for key in self.keys)
        raise ConfigurationError(f"expected a key of the ring ({known}), was {key_id!r:.80}")


def deployments(name: str, prefix: str) -> tuple[str, ...]:
    """Return the names that an accepted signature may contain: that of this run, then those of copied runs.

    A replay run copies the records of another run together with their signatures, and must accept these
    signatures. The name of a run consists of `name`, a slash and the prefix of the run's topics.

    Args:
        name: name of the deployment from settings or key file.
        prefix: text before each topic name; for a replay run, that of the copied run followed by
            `replay-RUN.`.

    >>> deployments(name="prod", prefix="lab-"), deployments(name="prod", prefix="lab-replay-monday.")
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
    """Return the object that signs records and checks signatures with the keys of these settings.

    Without a key in the settings nothing is signed, and every record is accepted.

    Raises:
        ConfigurationError: the keys are invalid or cannot be read, or a key is given without a name of the
            deployment.
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
    """Return the setting `deployment`, the name that becomes part of every signature.

    The setting may be empty only if `prefix` is not, since one of the two must tell this system from others
    with the same key. The part `replay-RUN.`, which a replay run adds to the prefix, counts as empty.

    Raises:
        ConfigurationError: `deployment` is empty, and `prefix` is empty apart from `replay-RUN.`.
    """
    if not settings.deployment and deployments("", settings.prefix)[-1] == "/":
        raise ConfigurationError(
            "settings: expected a name of the deployment beside its key, so that nothing that is signed for one "
            "deployment is taken by another, was none; fix: TICKLOOP_DEPLOYMENT=NAME, of your choice, never changed"
        )
    return settings.deployment


def path_of(settings: Settings) -> Path:
    """Return the path of the key file that the setting `directive_keys` names.

    Raises:
        ConfigurationError: the setting is empty.
    """
    if not settings.directive_keys:
        raise ConfigurationError("expected a file of keys, was none; fix: TICKLOOP_DIRECTIVE_KEYS=FILE")
    return Path(settings.directive_keys).expanduser()


def load(path: Path) -> Ring:
    """Read the signing keys of a deployment from a file.

    Raises:
        ConfigurationError: the file is missing, unreadable or invalid; the message never shows its content.
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
    """Write the signing keys to a file that only its owner may read; an older file is replaced in a single step."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(ring)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, ConfigurationError | msgspec.ValidationError) else "expected JSON"
