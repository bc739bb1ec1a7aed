"""The error that says a real broker cannot be had on this machine."""

from schemas.errors import EnvironmentProblem


class Unobtainable(EnvironmentProblem):
    """Java or the jars are neither here nor reachable: the one case in which the mock cluster steps in.

    A jar with a wrong hash is not this: that is an `EnvironmentProblem` which nothing may paper over.
    """
