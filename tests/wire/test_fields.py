from gateway.wire.fields import CREDENTIALS, flat, judge_of


def test_flat_is_one_spelling() -> None:
    assert {flat(name) for name in (b"X-Gateway-Org", b"x_gateway_org", b"X.Gateway~Org")} == {b"x-gateway-org"}


def test_a_field_that_decides_nothing_has_no_judge() -> None:
    assert judge_of(b"accept") is None
    assert judge_of(b"x-forwarded-for") is None


def test_every_credential_is_one_value_under_one_name() -> None:
    for name in CREDENTIALS:
        judge = judge_of(name)
        assert judge is not None
        assert judge(b"Bearer a.b.c") is None
        assert judge(b"a, b") is not None
        other = judge_of(name.replace(b"-", b"_").replace(b"authorization", b"authorization!"))
        assert other is None or other(b"Bearer a.b.c") is not None
