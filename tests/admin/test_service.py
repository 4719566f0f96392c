from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from gateway.admin.commands import add_partner, remove_partner, set_stage
from gateway.admin.directives import ApplyDirective, lift_directive
from gateway.admin.revocations import lift_revocation, revoke_organisation
from gateway.admin.service import Administration
from gateway.policy.snapshot import Model
from gateway.store.edit import Condition, Edit
from gateway.store.keys import Keys

ACTOR = "ann@host (asserted)"
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

    async def carry_out(
        self, edits: Sequence[Edit], actor: str, reason: str = "", conditions: Sequence[Condition] = (), *, at: int | None = None
    ) -> list[Done]:
        self.calls.append(
            (*((edit.what, edit.key, edit.field, edit.after) for edit in edits), actor, reason, *conditions, *([at] if at else ()))
        )
        return [Done(revision=len(self.calls), after=edit.after) for edit in edits]


async def test_each_command_is_one_change_in_the_actors_name() -> None:
    store = RecordingStore()
    administration = Administration(store, Keys(), ACTOR)
    await administration.carry_out(add_partner(CATALOGUE, "org_acme", "frontier-1", NOW, evaluator=True, reason="annex B"))
    await administration.carry_out(remove_partner(CATALOGUE, "org_acme", "frontier-1", reason="annex C"))
    change = await administration.carry_out(set_stage(CATALOGUE, "frontier-1", "general", NOW))
    allowlist = "gateway:allowlist:frontier-1"
    assert store.calls == [
        (("grant.put", allowlist, "org_acme", b'{"evaluator":true,"reason":"annex B"}'), ACTOR, "annex B"),
        (("grant.remove", allowlist, "org_acme", None), ACTOR, "annex C"),
        (("stage.put", "gateway:models", "frontier-1", b'{"stage":"general","since":"2026-06-01T12:00:00Z"}'), ACTOR, ""),
    ]
    assert change.revision == 3


async def test_revocations_are_changes_like_any_other() -> None:
    store = RecordingStore()
    administration = Administration(store, Keys(), ACTOR)
    await administration.carry_out(revoke_organisation("org_acme", NOW, until="+1h", reason="annex D"))
    await administration.carry_out(lift_revocation("org:org_acme", reason="appeal"))
    entry = b'{"until":"2026-06-01T13:00:00Z","reason":"annex D"}'
    assert store.calls == [
        (("revocation.put", "gateway:revocations", "org:org_acme", entry), ACTOR, "annex D"),
        (("revocation.remove", "gateway:revocations", "org:org_acme", None), ACTOR, "appeal"),
    ]


async def test_a_directive_and_what_it_supersedes_are_one_step() -> None:
    store = RecordingStore()
    administration = Administration(store, Keys(), ACTOR)
    change = await administration.carry_out(ApplyDirective("d-2", {"effect": "suspend"}, ("d-1",)))
    await administration.carry_out(lift_directive("d-2", reason="lifted"))
    assert change.after == b'{"effect":"suspend"}'
    assert store.calls == [
        (
            ("directive.put", "gateway:directives", "d-2", b'{"effect":"suspend"}'),
            ("directive.supersede", "gateway:directives", "d-1", None),
            ACTOR,
            "",
        ),
        (("directive.remove", "gateway:directives", "d-2", None), ACTOR, "lifted"),
    ]
