"""YAML without a shape (claims of a token, entries of the store), read as the JSON that it stands for; YAML's own words are refused."""

from typing import Final

import yaml

from gateway.settings.document import line_of, pairs_of, repeated_keys
from gateway.settings.forms import NUMBER, WHOLE
from gateway.settings.problems import Problem, shown

CORE: Final = "tag:yaml.org,2002:"
DEEPEST: Final = 64


class FreeForm:
    """Reads nodes into plain values, each once, however often it is referred to; `problems` has what could be read in two ways."""

    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems
        self._known: dict[int, object] = {}

    def value(self, node: yaml.Node, path: str, depth: int = 0) -> object:
        """Give what `node` says; None, with a problem noted, where that is not one thing."""
        if id(node) not in self._known:
            self._known[id(node)] = self._read(node, path, depth)
        return self._known[id(node)]

    def _read(self, node: yaml.Node, path: str, depth: int) -> object:
        if depth > DEEPEST:
            self._refuse(node, path, f"nested more than {DEEPEST} deep")
            return None
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            self._problems += [Problem(f"{path}.{wrong.path}", wrong.text, wrong.line) for wrong in repeated_keys(node)]
            return {key.value: self.value(inner, f"{path}.{key.value}", depth + 1) for key, inner in pairs_of(node)}
        return self._scalar(node, path)

    def _scalar(self, node: yaml.Node, path: str) -> object:
        kind, text = node.tag.removeprefix(CORE), str(node.value)
        if kind == "str":
            return text
        if kind == "null":
            return None
        if kind == "bool" and text in {"true", "false"}:
            return text == "true"
        if kind in {"int", "float"} and NUMBER.fullmatch(text):
            return int(text) if WHOLE.fullmatch(text) else float(text)
        quoted = shown(text)
        self._refuse(node, path, f"YAML reads {quoted[1:-1]} as {kind}. If the text is meant, write it in quotes: {quoted}")
        return None

    def _refuse(self, node: yaml.Node, path: str, text: str) -> None:
        self._problems.append(Problem(path, text, line_of(node)))
