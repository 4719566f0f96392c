"""Writes small databases in MaxMind's format (specification 2.0): an IPv6 search tree, IPv4 networks below ::/96."""

from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

RECORD_BYTES = 3
UINT16, UINT32, UINT64 = 5, 6, 9
SEPARATOR = b"\x00" * 16
MARKER = b"\xab\xcd\xefMaxMind.com"
ANONYMOUS: Mapping[str, Any] = {
    "81.2.69.0/24": {"is_anonymous": True, "is_anonymous_vpn": True},
    "85.114.64.0/24": {"is_anonymous": True, "is_hosting_provider": True},
    "175.45.176.0/22": {"is_anonymous": True, "is_tor_exit_node": True, "is_hosting_provider": True},
}
"""As MaxMind's Anonymous IP has it: a record holds only flags that are true, and hosting alone counts as anonymous there."""
NETWORKS: Mapping[str, Any] = {
    "81.2.69.0/24": {"country": {"iso_code": "GB"}, "subdivisions": [{"iso_code": "ENG"}, {"iso_code": "WBK"}]},
    "85.114.64.0/24": {"country": {"iso_code": "UA"}, "subdivisions": [{"iso_code": "43"}]},
    "175.45.176.0/22": {"country": {"iso_code": "KP"}},
    "62.4.0.0/24": {"continent": {"code": "EU"}},
    "2a02:d000::/24": {"country": {"iso_code": "FR"}},
}


def write_mmdb(path: Path, networks: Mapping[str, Any] = NETWORKS, built_at: int = 1_790_000_000) -> Path:
    """Put a database at `path` by renaming, as the manual says; `networks` maps a network to its record."""
    tree = _Tree()
    data = b""
    for network, record in networks.items():
        tree.insert(network, len(data))
        data += _encoded(record)
    metadata = {
        "node_count": (UINT32, len(tree.nodes)),
        "record_size": (UINT16, RECORD_BYTES * 8),
        "ip_version": (UINT16, 6),
        "database_type": "Test-Country",
        "languages": ["en"],
        "binary_format_major_version": (UINT16, 2),
        "binary_format_minor_version": (UINT16, 0),
        "build_epoch": (UINT64, built_at),
        "description": {"en": "written by the tests"},
    }
    fresh = path.with_suffix(".new")
    fresh.write_bytes(tree.encoded() + SEPARATOR + data + MARKER + _encoded(metadata))
    return fresh.replace(path)


class _Tree:
    """Nodes of two records each: another node, or minus one minus an offset into the data, or nothing."""

    def __init__(self) -> None:
        self.nodes: list[list[int | None]] = [[None, None]]

    def insert(self, network: str, offset: int) -> None:
        found = ip_network(network)
        value = int(found.network_address)
        length = found.prefixlen + (96 if found.version == 4 else 0)
        bits = [(value >> (127 - depth)) & 1 for depth in range(length)]
        node = 0
        for bit in bits[:-1]:
            child = self.nodes[node][bit]
            if child is None:
                self.nodes.append([None, None])
                child = self.nodes[node][bit] = len(self.nodes) - 1
            node = child
        self.nodes[node][bits[-1]] = -1 - offset

    def encoded(self) -> bytes:
        return b"".join(self._record(record).to_bytes(RECORD_BYTES, "big") for node in self.nodes for record in node)

    def _record(self, record: int | None) -> int:
        count = len(self.nodes)
        if record is None:
            return count
        return record if record >= 0 else count + len(SEPARATOR) + (-1 - record)


def _encoded(value: Any) -> bytes:
    match value:
        case bool():
            return _control(14, int(value))
        case str():
            content = value.encode()
            return _control(2, len(content)) + content
        case list():
            return _control(11, len(value)) + b"".join(_encoded(item) for item in value)
        case (kind, number):
            content = int(number).to_bytes((number.bit_length() + 7) // 8, "big")
            return _control(int(kind), len(content)) + content
        case _:
            return _control(7, len(value)) + b"".join(_encoded(key) + _encoded(item) for key, item in value.items())


def _control(kind: int, size: int) -> bytes:
    assert size < 29, "longer values need more bytes than a test writes"
    return bytes([kind << 5 | size]) if kind <= 7 else bytes([size, kind - 7])
