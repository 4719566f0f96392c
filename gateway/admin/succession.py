"""One directive in the place of others: what an operator may not expect of that, and what is refused; pure."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from gateway.admin.instants import write_instant
from gateway.errors import CommandError
from gateway.policy.directive import Directive
from gateway.policy.enforcement import covering, excepts
from gateway.policy.snapshot import Model


def replacing_notes(new: Directive, supersedes: Iterable[str], stored: Mapping[str, Directive], models: Iterable[Model]) -> list[str]:
    """Say what an operator may not expect: who is not there to be replaced, which models are left free, who still binds whom it excepts."""
    missing = [f"{name} is not applied, so it is not superseded: see `gateway directive list`" for name in supersedes if name not in stored]
    replaced = [stored[name] for name in (new.id, *supersedes) if name in stored]
    kept = [directive for name, directive in stored.items() if directive not in replaced]
    each = list({model.id: model for model in models}.values())
    bound, left = [one for one in replaced if one.enforce], [one for one in (*kept, new) if one.enforce]
    free = sorted(model.id for model in each if covering(model, bound) and not covering(model, left))
    return missing + [f"no directive in force or to come covers {name} any more" for name in free] + _still_bound(new, kept, each)


def demand_no_gap(new: Directive, supersedes: Iterable[str], stored: Mapping[str, Directive], now: float) -> None:
    """Refuse to replace what binds at `now` (epoch seconds) by what comes later: until then nobody would be bound. CommandError."""
    replaced = [stored[name] for name in (new.id, *supersedes) if name in stored]
    bound = [one.id for one in replaced if one.invalid or (one.enforce and one.valid_from <= now < one.valid_until)]
    if now < new.valid_from and bound:
        begins, names = write_instant(datetime.fromtimestamp(new.valid_from, UTC)), ", ".join(bound)
        raise CommandError(
            f"{new.id} begins at {begins} and would take the place of {names} at once: until then nobody would be bound. Give {names} an "
            f"until of {begins} and this one an id of its own that supersedes nobody, or apply it on the day. Nothing has changed."
        )


def _still_bound(new: Directive, others: Iterable[Directive], models: Iterable[Model]) -> list[str]:
    """Name what else binds the organisations that `new` excepts: an exception holds for its own directive alone."""
    freed = [one for one in models if new.except_organisations and covering(one, (new,)) and one.id in (new.except_models or {one.id})]
    found = {
        (other.id, model.id)
        for model in freed
        for other in covering(model, others)
        if other.enforce and not all(excepts(other, model, name) for name in new.except_organisations)
    }
    return [f"{other} still binds organisations that {new.id} excepts, on {model}: supersede or lift it" for other, model in sorted(found)]
