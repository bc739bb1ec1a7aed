"""The error that says a real broker cannot be had on this machine."""

from schemas.errors import EnvironmentProblem


class Unobtainable(EnvironmentProblem):
    """Java or Kafka's jars are neither installed nor downloadable; only then the mock cluster is used.

    A jar with a wrong hash raises `EnvironmentProblem` instead, and nothing replaces the broker then.
    """
