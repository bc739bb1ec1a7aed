import pytest

pytestmark = pytest.mark.broker


def test_it(bootstrap, prefix, fresh_broker):
    b = fresh_broker("a")
    c = fresh_broker("b")
    assert len({bootstrap, b.address, c.address}) == 3
