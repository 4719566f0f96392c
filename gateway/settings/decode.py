"""From YAML nodes to plain values by the shape's own types: every scalar has one reading only, or is refused with its right form."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec
import yaml
from msgspec import inspect

from gateway.settings.document import line_of, pairs_of, repeated_keys
from gateway.settings.forms import bare, choices, example, expected, fits, plain_value
from gateway.settings.free_form import FreeForm
from gateway.settings.problems import Problem, did_you_mean, nearest, shown

TEXT: Final = "tag:yaml.org,2002:str"
NULL: Final = "tag:yaml.org,2002:null"
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
BROKEN: Final = object()


class Decoding:
    """One pass over a document: the plain value, and beside it every problem and the line of every path."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.lines: dict[str, int] = {}
        self._defaults: dict[str, object] = {}
        self._free_form = FreeForm(self.problems)

    def value(self, node: yaml.Node, kind: inspect.Type, path: str) -> object:
        """Read `node` as `kind`: its value, or BROKEN with a problem noted."""
        self.lines[path] = line_of(node)
        said, kind = expected(kind), bare(kind)
        if isinstance(node, yaml.ScalarNode) and node.tag == NULL and node.style is None:
            return self._refuse(node, path, f"expected {said}, got nothing. Write a value or remove the key")
        if isinstance(kind, inspect.StructType):
            return self._section(node, kind, path)
        if isinstance(kind, inspect.VarTupleType):
            return self._list(node, kind, path)
        if isinstance(kind, inspect.DictType):
            return self._free(node, path)
        return self._scalar(node, kind, path, said)

    def _section(self, node: yaml.Node, kind: inspect.StructType, path: str) -> object:
        if not isinstance(node, yaml.MappingNode):
            return self._refuse(node, path, f"expected {expected(kind)}, got {described(node)}")
        repeated = list(repeated_keys(node))
        self.problems += [Problem(_under(path, p.path), p.text, p.line) for p in repeated]
        if repeated:
            return BROKEN
        fields = {field.encode_name: field for field in kind.fields}
        pairs = {key.value: (key, value) for key, value in pairs_of(node)}
        for name, (key, _) in pairs.items():
            if name not in fields:
                self._refuse(key, _under(path, name), f"unknown key.{did_you_mean(name, fields)} Known here: {', '.join(fields)}")
        for name, field in fields.items():
            if field.required and name not in pairs:
                self._refuse(node, _under(path, name), f"missing. Write: {name}: {example(field.type)}")
        self._defaults |= {_under(path, name): field.default for name, field in fields.items()}
        return {name: self.value(pairs[name][1], fields[name].type, _under(path, name)) for name in pairs if name in fields}

    def _list(self, node: yaml.Node, kind: inspect.VarTupleType, path: str) -> object:
        if not isinstance(node, yaml.SequenceNode):
            return self._refuse(node, path, f"expected {expected(kind)}, got {described(node)}. Write: {self._right_form(path, kind)}")
        return [self.value(item, kind.item_type, f"{path}[{index}]") for index, item in enumerate(node.value)]

    def _free(self, node: yaml.Node, path: str) -> object:
        if not isinstance(node, yaml.MappingNode):
            return self._refuse(node, path, f"expected keys and values, got {described(node)}")
        return self._free_form.value(node, path)

    def _scalar(self, node: yaml.Node, kind: inspect.Type, path: str, said: str) -> object:
        if not isinstance(node, yaml.ScalarNode):
            return self._refuse(node, path, f"expected {said}, got {described(node)}")
        if isinstance(kind, inspect.BoolType | inspect.IntType | inspect.FloatType):
            value = plain_value(node, kind)
        else:
            value = self._text(node, path)
        if value is BROKEN or fits(value, kind):
            return value
        got = shown(node.value) + (" in quotes" if node.style in ("'", '"') else "")
        return self._refuse(node, path, f"expected {said}, got {got}. Write: {self._right_form(path, kind, node.value)}")

    def _text(self, node: yaml.ScalarNode, path: str) -> object:
        if node.tag != TEXT:
            meant = f"which YAML reads as {node.tag.rsplit(':', 1)[-1]}"
            quoted = shown(node.value)
            return self._refuse(node, path, f"expected text, got {quoted[1:-1]}, {meant}. Write it in quotes: {quoted}")
        if CONTROL.search(node.value):
            return self._refuse(node, path, f"expected one line of text, got control characters in {shown(node.value)}")
        return node.value

    def _right_form(self, path: str, kind: inspect.Type, got: str = "") -> str:
        near = nearest(got, choices(kind))
        if path.endswith("]"):
            return f"- {near or example(kind)}"
        if near:
            return f"{path.rsplit('.', 1)[-1]}: {near}"
        default = self._defaults.get(path)
        plain = isinstance(default, str | int | float) and default != ""
        return f"{path.rsplit('.', 1)[-1]}: {msgspec.json.encode(default).decode() if plain else example(kind)}"

    def _refuse(self, node: yaml.Node, path: str, text: str) -> object:
        self.problems.append(Problem(path, text, line_of(node)))
        return BROKEN


def decode(root: yaml.Node | None, shape: type) -> tuple[object, list[Problem], Mapping[str, int]]:
    """Return the document as plain values for `msgspec.convert`, its problems, and the line of each path."""
    decoding = Decoding()
    node = root if root is not None else yaml.MappingNode("tag:yaml.org,2002:map", [], yaml.Mark("", 0, 0, 0, None, 0))
    value = decoding.value(node, inspect.type_info(shape), "")
    return value, decoding.problems, decoding.lines


def described(node: yaml.Node) -> str:
    """Name a node's kind without its value: what stands in the wrong place may be a secret."""
    names = {yaml.ScalarNode: "a single value", yaml.SequenceNode: "a list", yaml.MappingNode: "a section"}
    return next((name for kind, name in names.items() if isinstance(node, kind)), "something else")


def _under(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
