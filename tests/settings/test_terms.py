"""Settings that ask for something else of whoever widens have another name, and all others the same."""

from support.settings_text import WHOLE, parsed

from gateway.settings.terms import LENGTH, terms_name

BOB = f"{{name: bob, token_sha256: {'b' * 64}}}"


def test_what_is_asked_for_is_the_name() -> None:
    plain = terms_name(parsed(WHOLE))
    assert len(plain) == LENGTH
    assert terms_name(parsed(WHOLE + "workers: 4\n")) == plain
    names = {
        terms_name(parsed(WHOLE + more + "\n"))
        for more in (
            "stages: {preview: {signoffs: [a]}}",
            "stages: {preview: {signoffs: [a], partners_at_most: 3}}",
            "approvals: {valid_for: 60}",
            f"approvals: {{operators: [{BOB}]}}",
            "",
        )
    }
    assert len(names) == 5
    assert terms_name(parsed(WHOLE + "approvals: {valid_for: 60.0}\n")) in names
