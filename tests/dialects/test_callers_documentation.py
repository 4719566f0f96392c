"""What `docs/callers.md` says is what the code does."""

from pathlib import Path

import pytest

from gateway.dialects.statuses import status_of
from gateway.dialects.texts import TEXTS
from gateway.policy.vocabulary import Reason
from gateway.wire.references import OWNERS, STORED
from gateway.wire.route import Content, Dialect, Kind, ModelIn
from gateway.wire.routes import TABLE

LINES = (Path(__file__).parents[2] / "docs" / "callers.md").read_text().splitlines()

PLACES = {
    (ModelIn.BODY, Content.JSON): "body",
    (ModelIn.BODY, Content.FORM): "form",
    (ModelIn.PATH, Content.JSON): "path",
    (ModelIn.PATH, Content.FORM): "path, form",
    (ModelIn.ROUTE, Content.JSON): "body, or bound",
    (ModelIn.QUERY, Content.JSON): "query",
    (ModelIn.NOWHERE, Content.JSON): "-",
}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_told_with_its_status_and_text(reason: Reason) -> None:
    assert f"| `{reason}` | {status_of(reason)} | {TEXTS[reason]} |" in LINES


def test_every_route_is_told_with_its_dialect_its_kind_and_the_fields_that_it_refuses() -> None:
    for (method, path), route in TABLE.items():
        if route.kind is Kind.STATEFUL:
            continue
        cells = next(line for line in LINES if line.startswith(f"| `{method.decode()} {path}` |")).split("|")
        told = [cell.strip() for cell in cells[2:5]]
        dialect = "by headers" if route.shared else route.dialect
        assert told == [dialect, route.kind, PLACES[route.model_in, route.content]]
        assert {field for field in cells[5].replace("`", "").replace(",", "").split() if field != "-"} == route.stateful


def test_every_stateful_route_is_told_with_its_methods() -> None:
    told: set[tuple[str, bytes, str]] = set()
    for line in LINES:
        name, _, shapes = line.removeprefix("| ").removesuffix(" |").partition(" | ")
        for each in shapes.split(", ") if shapes.startswith("`") else ():
            *methods, shape = each.strip("`").split(" ")
            told |= {(name, method.encode(), shape) for method in methods}
    stateful = {(route.name, method, path) for (method, path), route in TABLE.items() if route.kind is Kind.STATEFUL}
    assert stateful <= told
    assert {each for each in told if each[0] in {name for name, _, _ in stateful}} == stateful, "and nothing that is not there"


def test_every_reference_is_told_by_its_name() -> None:
    text = "\n".join(LINES)
    for name in (*STORED.values(), *OWNERS.values()):
        assert f"`{name}`" in text


def test_every_dialect_is_told_with_where_its_reason_is() -> None:
    for dialect in Dialect:
        assert any(line.startswith(f"| `{dialect}` | ") for line in LINES)


def test_reasons_stand_in_their_order() -> None:
    told = [line.split("`")[1] for line in LINES if line.startswith("| `") and line.split("`")[1] in set(Reason)]
    assert told == list(Reason)
