"""Who may be read and written: a server that says of itself that it is the master."""

from gateway.errors import StoreUnavailableError
from gateway.store.link import Link
from gateway.store.resp import ServerError


async def require_master(link: Link) -> None:
    """One round trip: when it returns, everything pushed before it has been heard. Raises StoreUnavailableError unless it is a master."""
    try:
        role = await link.call("ROLE")
    except ServerError as error:
        raise StoreUnavailableError(f"the store does not say whether it is the master: {error}") from None
    if role[0] != b"master":
        raise StoreUnavailableError(f"the store is a {role[0].decode('ascii', 'replace')} now, not the master: its policy may lag behind")
