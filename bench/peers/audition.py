"""The questions that a peer must answer rightly before it is measured: whom to relay, whom to refuse."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from bench.call import COUNTRY_HEADER, MODEL, ORGANISATION, Call, streamed, whole
from bench.peers.site import RESTRICTED, Peer, Site
from bench.problem import BenchError
from bench.raw import status_once, wait_for_status
from gateway.demo.issuer import DemoIssuer

OK: Final = 200
REFUSED: Final = range(400, 500)
LEVEL: Final = 25.0
FORBIDDEN_MODEL: Final = "bench-forbidden"


class Question(Struct, frozen=True):
    """A call, and whether it must be relayed."""

    about: str
    call: Call
    relayed: bool = False


def audition(peer: Peer, site: Site) -> None:
    """Ask until the path is open (that also warms it), then ask what must be refused. Raises BenchError at the first wrong answer."""
    wait_for_status(peer.port, whole(site.token).encoded, OK)
    wait_for_status(peer.stream_port, streamed(site.token, LEVEL).encoded, OK)
    if not peer.judges:
        return
    for question in questions(site):
        status = status_once(peer.port, question.call.encoded)
        if (status == OK) is not question.relayed or (not question.relayed and status not in REFUSED):
            wanted = "relays" if question.relayed else "refuses"
            raise BenchError(f"{peer.name} is not measured: it answers {status} where a gate {wanted}: {question.about}")


def questions(site: Site) -> Iterator[Question]:
    """Give each question once, the good call among them twice: a refusal must not spoil what comes after it."""
    mint = site.issuer.mint
    good = whole(site.token)
    yield Question("a partner", good, relayed=True)
    yield Question("an organisation on no list", whole(mint(org_id="org_stranger", nationalities=["DE"])))
    yield Question("no organisation", whole(mint(nationalities=["DE"])))
    yield Question("a restricted nationality", whole(mint(org_id=ORGANISATION, nationalities=[RESTRICTED[0]])))
    yield Question("a restricted nationality beside another", whole(mint(org_id=ORGANISATION, nationalities=["DE", RESTRICTED[-1]])))
    yield Question("no nationality", whole(mint(org_id=ORGANISATION)))
    yield Question("a restricted country", good.with_header(COUNTRY_HEADER, RESTRICTED[1]))
    yield Question("a signature of somebody else", whole(_forged(site)))
    yield Question("an expired token", whole(mint(org_id=ORGANISATION, nationalities=["DE"], lifetime=-600.0)))
    yield Question("another audience", whole(mint(org_id=ORGANISATION, nationalities=["DE"], aud="somebody-else")))
    yield Question("no token", Call(good.path, {name: value for name, value in good.headers.items() if name != "authorization"}, good.body))
    yield Question("a model that nobody granted", whole(site.token, FORBIDDEN_MODEL))
    yield Question("a body without a model", Call(good.path, good.headers, good.body.replace(b'"model"', b'"other"')))
    yield Question("a partner, again", whole(site.token, MODEL), relayed=True)


def _forged(site: Site) -> str:
    """Sign with another key under the known key's id."""
    other = DemoIssuer(site.directory / "forger", issuer=site.issuer.issuer, audience=site.issuer.audience)
    return other.mint(org_id=ORGANISATION, nationalities=["DE"], headers={"kid": site.issuer.key_id})
