"""A request on a stored object takes of its model's share, as any other; one that has to wait for the store is looked up again."""

import openai
import pytest
from stateful.conftest import ACME, Library
from support.running import GATED
from support.sdk import told


async def test_a_request_on_a_stored_object_takes_of_the_share(library: Library) -> None:
    async with library.of(ACME) as acme:
        made = await acme.responses.create(model=GATED, input="?")
        await library.admit(ACME, GATED, '{"limits": {"requests": 2, "per": 3600}}')
        for _ in range(2):
            assert (await acme.responses.retrieve(made.id)).id == made.id
        with pytest.raises(openai.RateLimitError) as refused:
            await acme.responses.retrieve(made.id)
        assert told(refused.value).reason == "limit_exceeded"
        with pytest.raises(openai.RateLimitError):
            await acme.responses.create(model=GATED, input="?")
