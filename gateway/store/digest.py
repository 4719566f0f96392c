"""The digest of one HASH: the same for the same entries in whatever order, and one changed entry costs one group; pure.

SHA-256 of each entry (length of field, field, value); these sorted and grouped by their first byte; SHA-256 of each group; SHA-256 of
those in order. Nothing for no entries.
"""

from collections import defaultdict
from collections.abc import Generator, Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Final

LEAF: Final = 32
"""Bytes of a SHA-256."""


class Changes:
    """Entries added to a HASH and taken from it."""

    def __init__(self) -> None:
        self.added: defaultdict[int, bytearray] = defaultdict(bytearray)
        self.removed: defaultdict[int, bytearray] = defaultdict(bytearray)

    def __repr__(self) -> str:
        return f"Changes(of {len(self.added.keys() | self.removed.keys())} groups)"

    def add(self, field: bytes, value: bytes) -> None:
        """Note an entry that is there now."""
        leaf = sha256(b"%d:%b%b" % (len(field), field, value)).digest()
        self.added[leaf[0]] += leaf

    def remove(self, field: bytes, value: bytes) -> None:
        """Note an entry that was there."""
        leaf = sha256(b"%d:%b%b" % (len(field), field, value)).digest()
        self.removed[leaf[0]] += leaf


class Digest:
    """`value` is the digest of a HASH; it is never changed, only revised."""

    def __init__(self, groups: Mapping[int, bytes] = MappingProxyType({}), sums: Mapping[int, bytes] = MappingProxyType({})) -> None:
        self.groups = groups
        self._sums = sums
        self.value = sha256(b"".join(sums[index] for index in sorted(sums))).digest() if sums else b""

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
                sums[index] = sha256(groups[index]).digest()
            yield
        return Digest(groups, sums)


def _leaves(group: bytes | bytearray) -> list[bytes]:
    return [bytes(group[start : start + LEAF]) for start in range(0, len(group), LEAF)]
