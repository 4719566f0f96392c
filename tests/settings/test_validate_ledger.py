"""The ledger's place must be known."""

import pytest
from support.settings_text import ISSUERS, MODELS, UPSTREAMS, WHOLE, parsed

from gateway.errors import SettingsError

TWO = ISSUERS + UPSTREAMS + "  - name: other\n    urls: [http://127.0.0.1:8001]\n" + MODELS


def test_it_is_off_unless_it_is_switched_on() -> None:
    assert not parsed().ledger.enabled
    assert parsed(WHOLE + "ledger: {enabled: true, keep: 0}\n").ledger.enabled


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (WHOLE + "ledger: {enabled: true, openai: nobody}\n", "ledger.openai: no upstream is called 'nobody'"),
        (TWO + "ledger: {enabled: true}\n", "ledger: there are several upstreams"),
        (WHOLE + "ledger: {keep: 0.5}\n", "ledger.keep: expected at least 1 second"),
    ],
)
def test_what_cannot_be_is_said(text: str, problem: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parsed(text)
    assert problem in str(refused.value)


def test_one_home_of_several_is_enough() -> None:
    assert parsed(TWO + "ledger: {enabled: true, anthropic: other}\n").ledger.anthropic == "other"
