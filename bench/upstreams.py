"""What stands behind every server: the origin of whole answers, the pacer of streams, the issuer of tokens."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.cores import Cores
from bench.origin import origin
from bench.peers.site import Site
from bench.program import Program, free_port, python
from gateway.demo.issuer import DemoIssuer


@contextlib.contextmanager
def upstreams(cores: Cores) -> Iterator[Site]:
    """Run the upstreams on the load's core; everything that a run writes goes into one directory that ends with it."""
    with tempfile.TemporaryDirectory(prefix="gw-bench-") as name, contextlib.ExitStack() as stack:
        directory, origin_port, pacer_port = Path(name), free_port(), free_port()
        upstream = stack.enter_context(origin(directory / "origin", origin_port, cores.load))
        pacer = Program("pacer", python("bench.pacer", str(pacer_port)), (cores.load,), directory / "pacer.log", (pacer_port,))
        stack.enter_context(pacer)
        yield Site(directory, cores, DemoIssuer(directory / "issuer"), upstream, origin_port, pacer, pacer_port)
