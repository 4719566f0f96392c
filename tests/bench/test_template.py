"""Configurations from templates: every name gets its value, or the bench does not start."""

from pathlib import Path

import pytest

from bench.template import written


def test_names_are_replaced_and_dollars_stay(tmp_path: Path) -> None:
    template = tmp_path / "proxy.conf"
    template.write_text("listen @port; set $uri ${x}; type @@kind;")
    (tmp_path / "run").mkdir()
    assert written(tmp_path / "run", template, port=8080).read_text() == "listen 8080; set $uri ${x}; type @kind;"


def test_a_name_without_a_value_is_an_error(tmp_path: Path) -> None:
    template = tmp_path / "proxy.conf"
    template.write_text("listen @port;")
    (tmp_path / "run").mkdir()
    with pytest.raises(KeyError, match="port"):
        written(tmp_path / "run", template)
