"""The page's figures: each table has its place, and what people wrote stays."""

import re

import pytest

from bench.page import PAGE, filled
from bench.problem import BenchError
from bench.sheet import Sheet
from bench.versions import spoken

PAGE_TEXT = PAGE.read_text()
TABLES = {
    *("aims", "requests", "gap", "bodies", "denials", "modes", "workers", "latency", "cold", "steps", "events", "first", "memory"),
    *("decisions", "sweeps", "reloads", "edits", "cuts", "fleet", "revocations"),
}
TEXTS = {"setting", "unreported", "commands"}


def test_every_table_has_exactly_one_place_in_the_page() -> None:
    places = re.findall(r"<!-- figures: (\w+) -->", PAGE_TEXT)
    assert sorted(places) == sorted(TABLES | TEXTS)


def test_figures_are_replaced_and_the_text_around_them_stays() -> None:
    page = "before\n<!-- figures: aims -->\nold\n<!-- end -->\nafter\n"
    once = filled(page, {"aims": "new"})
    assert once == "before\n<!-- figures: aims -->\nnew\n<!-- end -->\nafter\n"
    assert filled(once, {"aims": "newer"}) == once.replace("new", "newer")


def test_what_was_not_measured_says_so_instead_of_showing_an_older_run() -> None:
    page = "<!-- figures: aims -->\nold\n<!-- end -->"
    assert "old" not in filled(page, {})
    assert "Not measured" in filled(page, {})


def test_a_page_without_markers_is_not_overwritten() -> None:
    with pytest.raises(BenchError, match="no markers"):
        filled("# Performance", {"aims": "new"})


def test_a_table_leaves_out_columns_that_say_nothing() -> None:
    sheet = Sheet("x", "Title", ("server", "rate", "remark"), (("gate", "1", ""), ("other", "2", "")), "Note.")
    assert sheet.markdown == "**Title**\n\n| server | rate |\n| --- | ---: |\n| gate | 1 |\n| other | 2 |\n\nNote."


def test_commands_are_told_without_the_places_of_this_machine() -> None:
    assert spoken(["/usr/sbin/nginx", "-c", "/srv/run-1/nginx.conf", "--workers", "1"]) == "nginx -c nginx.conf --workers 1"
