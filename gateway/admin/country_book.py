"""Country groups told to operators: what is in each and why, how old it is, who relies on it, what is doubtful about it; pure."""

from collections.abc import Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any, Final

from gateway.errors import CommandError
from gateway.policy.codes import NAMES, Kind, is_subdivision
from gateway.policy.countries import normalise
from gateway.policy.gazetteer import CountryGroup, Gazetteer

Row = dict[str, Any]
Users = Mapping[str, tuple[str, ...]]
"""Names of groups -> ids of the models that rely on them."""

NAMES_SHOWN: Final = 5


def group_rows(groups: Gazetteer, users: Users, today: date) -> list[Row]:
    """Give one row for each group, in the order of the file."""
    return [_summary(name, group, users, today) for name, group in groups.items()]


def explain(word: str, groups: Gazetteer, users: Users, today: date) -> Row:
    """Tell everything of one group, or of one code; raises CommandError where `word` is neither."""
    if word in groups:
        return _explain_group(word, groups, users, today)
    meant = normalise(word)
    code = word.upper() if is_subdivision(word.upper()) else meant.alpha2
    if code is None and meant.kind is not Kind.UNKNOWN:
        raise CommandError(
            f"{word!r} names no country ({meant.kind}): it is unknown to every rule, which denies unless it says unknown: allow."
        )
    if code is None:
        near = get_close_matches(word, groups, n=NAMES_SHOWN, cutoff=0.5)
        hint = f"Groups near it: {', '.join(near)}." if near else "`gateway groups list` names the groups."
        raise CommandError(f"{word!r} is no country group and no code (ISO 3166-1 or ISO 3166-2). {hint}")
    return _explain_code(code, meant.code_class, groups, users, today)


def warnings_of(name: str, group: CountryGroup, today: date) -> Iterator[str]:
    """Say what is doubtful about a group, one sentence each."""
    if group.review_by is not None and group.review_by < today:
        yield f"{name}: past its review date {group.review_by}; the list may have changed since {group.as_of}"
    elif group.good_until is not None and group.good_until < today:
        yield f"{name}: a group that it is made of is past its review date {group.good_until}"
    if group.confidence == "low":
        yield f"{name}: confidence is low; check it against {group.citation or 'its source'} before you rely on it"
    if group.status:
        yield f"{name}: status {group.status}"
    for code in group.disputed:
        yield disputed(name, code, group)
    for code in group.partial:
        yield f"{name}: only a part of {code} is meant, so the code covers too much"


def disputed(name: str, code: str, group: CountryGroup) -> str:
    """Say what is disputed about a code, whether the group holds it or not."""
    return f"{name}: {code} is disputed: {group.disputed[code]}"


def reasons(name: str, code: str, groups: Gazetteer) -> tuple[str, ...]:
    """Say why `code` is in the group, and nothing if it is not."""
    group = groups[name]
    if code not in group.codes:
        return ()
    written = ["member"] if code in group.members else ["region"] if code in group.regions else []
    included = [f"in {other}" for other in group.include if code in groups[other].codes]
    country = groups.folds.get(group.territory_rule, {}).get(code)
    folded = [f"counted to {country} by {group.territory_rule}"] if country in group.codes and country is not None else []
    return tuple(written + included + folded) or (f"derived: {group.derive}",)


def _summary(name: str, group: CountryGroup, users: Users, today: date) -> Row:
    overdue = group.good_until is not None and group.good_until < today
    return {
        "group": name,
        "title": group.title,
        "codes": len(group.codes),
        "as_of": _day(group.as_of),
        "review_by": _day(group.good_until),
        "state": "overdue" if overdue else "current" if group.good_until else "undated",
        "confidence": group.confidence,
        "status": group.status,
        "used_by": list(users.get(name, ())),
    }


def _explain_group(name: str, groups: Gazetteer, users: Users, today: date) -> Row:
    group = groups[name]
    return {
        **_summary(name, group, users, today),
        "citation": group.citation,
        "origin": group.origin,
        "source": [group.source] if isinstance(group.source, str) else list(group.source or ()),
        "notes": group.notes,
        "warnings": list(warnings_of(name, group, today)),
        "contents": [_content(name, code, groups) for code in sorted(group.codes)],
    }


def _content(name: str, code: str, groups: Gazetteer) -> Row:
    return {"code": code, "country": _named(code), "because": ", ".join(reasons(name, code, groups))}


def _explain_code(code: str, lesser: str | None, groups: Gazetteer, users: Users, today: date) -> Row:
    holders = {name: group for name, group in groups.items() if code in group.codes}
    return {
        "code": code,
        "country": _named(code),
        "class": f"{lesser}: caught by deny lists, taken by allow lists with classes: allow alone" if lesser else None,
        "territories": list(groups.parents.get(code, ())),
        "territory_of": [parent for parent, parts in groups.parents.items() if code in parts],
        "warnings": [disputed(name, code, group) for name, group in groups.items() if code in group.disputed],
        "groups": [
            {**_summary(name, group, users, today), "because": ", ".join(reasons(name, code, groups))} for name, group in holders.items()
        ],
    }


def _named(code: str) -> str:
    country, _, part = code.partition("-")
    return f"part of {NAMES[country]}" if part else NAMES[country]


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None
