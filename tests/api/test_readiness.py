"""Ready means that no problem is known."""

from gateway.api.readiness import Readiness


def test_ready_is_the_absence_of_problems() -> None:
    assert Readiness().ready
    assert not Readiness(problems=("no keys",)).ready
