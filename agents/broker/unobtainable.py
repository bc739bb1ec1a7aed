"""The error raised where Apache Kafka cannot be run because Java or Kafka's jars cannot be had."""

from schemas.errors import EnvironmentProblem


class Unobtainable(EnvironmentProblem):
    """Java or Kafka's jars are neither installed nor downloadable, so that the mock cluster may be used instead.

    No other error leads to the mock cluster. A jar with a wrong SHA-256, for example, raises `EnvironmentProblem`, and
    no broker is started.
    """
