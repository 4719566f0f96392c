"""A change that waits is bound to its content, and one that nobody could have asked for spoils no list."""

import msgspec
import pytest

from gateway.admin.operators import Proof
from gateway.admin.pending import Content, Pending, Step, content_of, pending_rows, read_pending
from gateway.errors import CommandError
from gateway.store.edit import Edit

EDIT = Edit("grant.put", "gateway:allowlist:m", "org_acme", b"{}")


def stored(content: Content) -> tuple[str, str]:
    return content.name, msgspec.json.encode(Pending(content, Proof("ann", ""))).decode()


def test_a_request_expires_as_it_says_or_sooner_where_settings_allow_less() -> None:
    content = content_of((EDIT,), (None,), "ann", "annex A", 100.0, 1000.0)
    entries = dict((stored(content),))
    assert [pending_rows(entries, 200.0, seconds)[0]["state"] for seconds in (1000.0, 5000.0, 50.0)] == ["waiting", "waiting", "expired"]
    assert pending_rows(entries, 1100.0, 5000.0)[0]["state"] == "expired"
    assert pending_rows(entries, 200.0, 1000.0)[0]["steps"] == ["grant.put gateway:allowlist:m org_acme {}"]


@pytest.mark.parametrize(("at", "until"), [(-1.0, 5.0), (5.0, 4.0), (0.0, 1e300), (1e300, 1e300)])
def test_an_instant_that_is_none_spoils_no_list(at: float, until: float) -> None:
    name, raw = stored(Content((Step("grant.put", "k", "f", "{}", ""),), "ann", "", at, until))
    assert pending_rows({name: raw, "foo": "bar"}, 0.0, 60.0)[0]["state"] == "invalid"
    with pytest.raises(CommandError, match="says no instant"):
        read_pending(name, raw)
