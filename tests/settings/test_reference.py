"""docs/settings.md names every setting, and says what the code says."""

from pathlib import Path

from gateway.settings.reference import paths, reference

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_page_is_what_the_code_draws() -> None:
    assert DOCS.read_text(encoding="utf-8") == reference(), "run: python -m gateway.settings.reference > docs/settings.md"


def test_every_setting_is_on_the_page_in_its_own_section() -> None:
    page = DOCS.read_text(encoding="utf-8")
    sections = dict(part.split("`\n", 1) for part in page.split("\n## `")[1:])
    sections[""] = page.split("\n## The file\n")[1].split("\n## ")[0]
    missing = []
    for path in paths():
        section, _, name = path.removesuffix("[]").rpartition(".")
        if f"| `{name}` |" not in sections[section]:
            missing.append(path)
    assert missing == []
    assert "models[].restrictions.region.any_in[]" in set(paths())
