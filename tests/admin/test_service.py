from datetime import UTC, datetime

from msgspec import Struct

from gateway.admin.commands import add_partner, remove_partner, set_stage
from gateway.admin.revocations import lift_revocation, revoke_organisation
from gateway.admin.service import Administration
from gateway.policy.snapshot import Model

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CATALOGUE = {"frontier-1": Model(id="frontier-1", upstream="main")}


class Done(Struct, frozen=True):
    revision: int = 1
    before: bytes | None = None
    after: bytes | None = None
    written_at: float | None = None


class RecordingStore:
    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    async def put_grant(self, model: str, organisation: str, grant_json: bytes, actor: str, reason: str) -> Done:
        self.calls.append(("put_grant", model, organisation, grant_json, actor, reason))
        return Done(revision=1, after=grant_json)

    async def remove_grant(self, model: str, organisation: str, actor: str, reason: str) -> Done:
        self.calls.append(("remove_grant", model, organisation, actor, reason))
        return Done(revision=2)

    async def put_stage(self, model: str, stage_json: bytes, actor: str, reason: str) -> Done:
        self.calls.append(("put_stage", model, stage_json, actor, reason))
        return Done(revision=3)

    async def put_revocation(self, name: str, revocation_json: bytes, actor: str, reason: str) -> Done:
        self.calls.append(("put_revocation", name, revocation_json, actor, reason))
        return Done(revision=4)

    async def remove_revocation(self, name: str, actor: str, reason: str) -> Done:
        self.calls.append(("remove_revocation", name, actor, reason))
        return Done(revision=5)


async def test_each_command_is_one_change_in_the_actors_name() -> None:
    store = RecordingStore()
    administration = Administration(store, "ann@host (asserted)")
    await administration.carry_out(add_partner(CATALOGUE, "org_acme", "frontier-1", NOW, evaluator=True, reason="annex B"))
    await administration.carry_out(remove_partner(CATALOGUE, "org_acme", "frontier-1", reason="annex C"))
    change = await administration.carry_out(set_stage(CATALOGUE, "frontier-1", "general", NOW))
    actor = "ann@host (asserted)"
    assert store.calls == [
        ("put_grant", "frontier-1", "org_acme", b'{"evaluator":true,"reason":"annex B"}', actor, "annex B"),
        ("remove_grant", "frontier-1", "org_acme", actor, "annex C"),
        ("put_stage", "frontier-1", b'{"stage":"general","since":"2026-06-01T12:00:00Z"}', actor, ""),
    ]
    assert change.revision == 3


async def test_revocations_are_changes_like_any_other() -> None:
    store = RecordingStore()
    administration = Administration(store, "ann@host (asserted)")
    await administration.carry_out(revoke_organisation("org_acme", NOW, until="+1h", reason="annex D"))
    await administration.carry_out(lift_revocation("org:org_acme", reason="appeal"))
    assert store.calls == [
        ("put_revocation", "org:org_acme", b'{"until":"2026-06-01T13:00:00Z","reason":"annex D"}', "ann@host (asserted)", "annex D"),
        ("remove_revocation", "org:org_acme", "ann@host (asserted)", "appeal"),
    ]
