"""New settings that cannot be used change nothing: not the key by which upstreams know the gate, nor what they are told."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import structs
from support.running import running_gate

from gateway.api.keys import PATH
from gateway.errors import SettingsError
from gateway.settings.shape import Assertion, Geolocation


def key_file(directory: Path, name: str) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    file = directory / name
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return str(file)


async def test_settings_refused_for_one_section_change_no_other(tmp_path: Path) -> None:
    async with running_gate(tmp_path) as gate:
        before = gate.gateway.settings
        (upstream,) = before.upstreams
        signing = structs.replace(upstream, assertion=True)
        first = structs.replace(before, upstreams=(signing,), assertion=Assertion(key_file=key_file(tmp_path, "first.pem")))
        gate.gateway.apply(first)
        introduction = gate.gateway.gate.upstreams["demo"].introduction
        async with gate.session.get(f"{gate.admin_url}{PATH}") as response:
            published = await response.json()
        second = Assertion(key_file=key_file(tmp_path, "second.pem"))
        with pytest.raises(SettingsError):
            gate.gateway.apply(structs.replace(first, assertion=second, geolocation=Geolocation(file=str(tmp_path / "none.mmdb"))))
        async with gate.session.get(f"{gate.admin_url}{PATH}") as response:
            assert await response.json() == published, "the old key is the one that is published"
        assert gate.gateway.gate.upstreams["demo"].introduction is introduction, "and the one that signs"
        assert gate.gateway.settings is first
