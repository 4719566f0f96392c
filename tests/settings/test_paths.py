"""Every path in the settings starts at the directory of their file; none is forgotten."""

from pathlib import Path

import msgspec
from support.settings_text import ISSUERS, MODELS, UPSTREAMS, parsed

EVERYWHERE = (
    ISSUERS.replace("jwks_url: https://login.example.com/jwks.json", "file: rel/keys")
    + UPSTREAMS
    + "    ca_file: rel/ca\n    credential: {file: rel/secret}\n"
    + MODELS
    + "listen: {proxy: {tls: {certificate: rel/a, key: rel/b}}, admin:\n"
    + "  {tls: {certificate: rel/c, key: /abs/d, client_ca: rel/e, client_certificates: required}}}\n"
    + "assertion: {key_file: rel/f, other_key_file: rel/g}\n"
    + "store: {data_dir: rel/data}\naudit: {directory: rel/audit}\ngeolocation:\n"
    + "  {file: rel/geo, anonymizer: {file: rel/vpn}, hosting: {file: rel/dc}}\n"
)


def test_relative_paths_become_absolute_and_absolute_ones_stay() -> None:
    written = msgspec.json.encode(parsed(EVERYWHERE)).decode()
    assert '"rel/' not in written
    assert written.count('"/etc/gateway/rel/') == EVERYWHERE.count("rel/")
    assert '"/abs/d"' in written


def test_an_empty_path_stays_empty() -> None:
    assert (parsed().audit.directory, parsed().country_groups, parsed().upstreams[0].ca_file) == ("", "", "")


def test_steps_upwards_are_resolved() -> None:
    assert parsed(EVERYWHERE.replace("rel/data", "../data"), Path("/srv/etc")).store.data_dir == "/srv/data"
