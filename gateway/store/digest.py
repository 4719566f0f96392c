"""The digest of one HASH: the same for the same entries in whatever order, and one changed entry costs one group; pure.

SHA-256 of each entry (length of field, field, value); these sorted and grouped by their first byte; SHA-256 of each group; SHA-256 of
those in order. Nothing for no entries.
"""

import hashlib
from collections.abc import Generator, Mapping
from types import MappingProxyType
from typing import Final

LEAF: Final = 32
"""Bytes of a SHA-256."""


class Changes:
    """Entries added to a HASH and taken from it."""

    def __init__(self) -> None:
        self.added: dict[int, bytearray] = {}
        self.removed: dict[int, bytearray] = {}

    def __repr__(self) -> str:
        return f"Changes(of {len(self.added.keys() | self.removed.keys())} groups)"

    def add(self, field: bytes, value: bytes) -> None:
        """Note an entry that is there now."""
        _note(self.added, field, value)

    def remove(self, field: bytes, value: bytes) -> None:
        """Note an entry that was there."""
        _note(self.removed, field, value)


class Digest:
    """`value` is the digest of a HASH; it is never changed, only revised."""

    def __init__(self, groups: Mapping[int, bytes] = MappingProxyType({}), sums: Mapping[int, bytes] = MappingProxyType({})) -> None:
        self.groups = groups
        self._sums = sums
        self.value = hashlib.sha256(b"".join(sums[index] for index in sorted(sums))).digest() if sums else b""

    def __repr__(self) -> str:
        return f"Digest({self.value.hex()[:8]})"

    def revised(self, changes: Changes) -> Generator[None, None, "Digest"]:
        """Give the digest after `changes`; each `yield` is a place to do other work."""
        groups, sums = dict(self.groups), dict(self._sums)
        for index in changes.added.keys() | changes.removed.keys():
            removed = frozenset(_leaves(changes.removed.pop(index, b"")))
            leaves = [leaf for leaf in _leaves(groups.pop(index, b"")) if leaf not in removed]
            leaves += _leaves(changes.added.pop(index, b""))
            sums.pop(index, None)
            if leaves:
                leaves.sort()
                groups[index] = b"".join(leaves)
                sums[index] = hashlib.sha256(groups[index]).digest()
            yield
        return Digest(groups, sums)


def _note(groups: dict[int, bytearray], field: bytes, value: bytes) -> None:
    leaf = hashlib.sha256(b"%d:%b%b" % (len(field), field, value)).digest()
    group = groups.get(leaf[0])
    if group is None:
        group = groups[leaf[0]] = bytearray()
    group += leaf


def _leaves(group: bytes | bytearray) -> list[bytes]:
    return [bytes(group[start : start + LEAF]) for start in range(0, len(group), LEAF)]
