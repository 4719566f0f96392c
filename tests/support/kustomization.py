"""What our kustomizations render to, by hand: as much of Kustomize as they use, and an error for anything else.

Maps are merged, lists of named things (containers) by `name`, other lists are replaced: a strategic merge as far as ours goes.
"""

import copy
from pathlib import Path
from typing import Any

import yaml

Document = dict[str, Any]
READ_HERE = {"apiVersion", "kind", "labels", "resources", "configMapGenerator", "namespace", "images", "replicas", "patches"}
WITHOUT_NAMESPACE = {"Namespace"}


def rendered(directory: Path) -> list[Document]:
    """Render the kustomization of a directory. Raises AssertionError where a file is missing or a name fits nothing."""
    kustomization = yaml.safe_load((directory / "kustomization.yaml").read_text())
    assert kustomization.keys() <= READ_HERE, f"not known here: {kustomization.keys() - READ_HERE}"
    documents = [document for name in kustomization.get("resources", ()) for document in _read(directory / name)]
    documents += [_config_map(directory, section) for section in kustomization.get("configMapGenerator", ())]
    for section in kustomization.get("patches", ()):
        _patch(documents, yaml.safe_load((directory / section["path"]).read_text()))
    for section in kustomization.get("replicas", ()):
        _the(documents, "Deployment", section["name"])["spec"]["replicas"] = section["count"]
    for section in kustomization.get("images", ()):
        _rename_image(documents, section)
    for document in documents:
        _mark(document, kustomization)
    return documents


def _read(path: Path) -> list[Document]:
    if path.is_dir():
        return rendered(path)
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def _config_map(directory: Path, section: Document) -> Document:
    data = {Path(name).name: (directory / name).read_text() for name in section["files"]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": section["name"]}, "data": data}


def _patch(documents: list[Document], patch: Document) -> None:
    target = _the(documents, patch["kind"], patch["metadata"]["name"])
    target.update(_merged(target, patch))


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return old | {name: _merged(old.get(name), value) for name, value in new.items()}
    if _named(old) and _named(new):
        by_name = {one["name"]: one for one in new}
        assert by_name.keys() <= {one["name"] for one in old}, f"the patch names what is not there: {sorted(by_name)}"
        return [_merged(one, by_name.get(one["name"], one)) for one in old]
    return copy.deepcopy(new)


def _named(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) and "name" in one for one in value)


def _rename_image(documents: list[Document], section: Document) -> None:
    containers = [one for document in documents if document["kind"] == "Deployment" for one in _containers(document)]
    meant = [one for one in containers if one["image"] == section["name"]]
    assert meant, f"no container has the image {section['name']}"
    for one in meant:
        one["image"] = f"{section.get('newName', section['name'])}:{section['newTag']}"


def _containers(deployment: Document) -> list[Document]:
    found: list[Document] = deployment["spec"]["template"]["spec"]["containers"]
    return found


def _mark(document: Document, kustomization: Document) -> None:
    metadata = document["metadata"]
    if "namespace" in kustomization and document["kind"] not in WITHOUT_NAMESPACE:
        metadata["namespace"] = kustomization["namespace"]
    for section in kustomization.get("labels", ()):
        assert section.keys() == {"pairs"}, "labels go to metadata alone here"
        metadata["labels"] = metadata.get("labels", {}) | section["pairs"]


def _the(documents: list[Document], kind: str, name: str) -> Document:
    found = [one for one in documents if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    assert len(found) == 1, f"{len(found)} of {kind} {name}"
    return found[0]
