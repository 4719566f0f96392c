"""Small random worlds: few names, so that rules and facts meet often, and mostly sound, so that permits are not rare."""

from typing import Final, TypeVar

import msgspec
from hypothesis import strategies as st

from gateway.policy.access import AccessRequest, Instant, Location, Nationalities, Subject
from gateway.policy.directive import Directive
from gateway.policy.restrictions import NO_RESTRICTIONS, CountryRule, Restrictions
from gateway.policy.snapshot import Grant, Model, Revocation, Snapshot, StageRecord
from gateway.policy.vocabulary import Effect, Stage, Unknown

T = TypeVar("T")

MODELS: Final = ("frontier", "open")
ORGANISATIONS: Final = ("org_acme", "org_other")
COUNTRIES: Final = ("US", "FR", "IR")
REGIONS: Final = ("FR-75", "UA-43")
ALWAYS: Final = (float("-inf"), float("inf"))


def seldom(strategy: st.SearchStrategy[T], usual: T) -> st.SearchStrategy[T]:
    """Draw `usual` most of the time."""
    return st.sampled_from((False, False, True, False, False, False)).flatmap(lambda unusual: strategy if unusual else st.just(usual))


yes = seldom(st.just(value=False), usual=True)
no = seldom(st.just(value=True), usual=False)

instants = st.integers(0, 9).map(float)
windows = st.tuples(st.just(float("-inf")) | instants, st.just(float("inf")) | instants)

code_sets = st.frozensets(st.sampled_from(COUNTRIES + REGIONS), max_size=3)
country_rules = st.builds(CountryRule, st.none() | code_sets, seldom(code_sets, None), st.sampled_from(Unknown))
some_rules = st.builds(
    Restrictions,
    nationality=st.none() | country_rules,
    us_person=no,
    us_person_exempt=st.booleans(),
    residence=seldom(country_rules, None),
    region=seldom(country_rules, None),
    deny_anonymizer=no,
    deny_hosting=no,
)
restrictions = st.just(NO_RESTRICTIONS) | some_rules
stages = st.sampled_from((Stage.PREVIEW, Stage.GENERAL, Stage.EVALUATION, Stage.PREVIEW, Stage.GENERAL, Stage.SUSPENDED))
models = st.builds(
    Model,
    id=st.sampled_from(MODELS),
    upstream=st.just("lab"),
    gated=st.booleans(),
    stage=stages,
    restrictions=restrictions,
)


@st.composite
def grants(draw: st.DrawFn) -> Grant:
    """An entry of an allowlist."""
    valid_from, valid_until = draw(seldom(windows, ALWAYS))
    return Grant(
        valid_from=valid_from,
        valid_until=valid_until,
        evaluator=draw(st.booleans()),
        covers_foreign_persons=draw(st.booleans()),
        conditions=draw(seldom(some_rules, NO_RESTRICTIONS)),
        waive=draw(seldom(st.frozensets(st.sampled_from(("hosting", "anonymizer", "region", "nationality"))), frozenset())),
        invalid=draw(no),
    )


@st.composite
def directives(draw: st.DrawFn) -> Directive:
    """An order on some or on all gated models; `snapshots` gives each an id of its own."""
    valid_from, valid_until = draw(windows)
    return Directive(
        id="new",
        effect=draw(st.sampled_from((Effect.RESTRICT, Effect.RESTRICT, Effect.SUSPEND))),
        models=draw(st.none() | st.frozensets(st.sampled_from(MODELS))),
        rule=draw(restrictions),
        valid_from=valid_from,
        valid_until=valid_until,
        except_organisations=draw(seldom(st.frozensets(st.sampled_from(ORGANISATIONS)), frozenset())),
        legal_basis=draw(st.sampled_from(("", "a law"))),
        enforce=draw(st.booleans()),
        invalid=draw(no),
    )


revocation_keys = st.sampled_from(
    ("org:org_other", "sub:idp/s2", "jti:t1", "jti:idp/t1", "sub:idp/s1", "org:org_acme", "jti:other/t1", "org:None", "jti:None", "org:"),
)
revocations = st.builds(Revocation, until=st.just(float("inf")) | instants, invalid=no)
allowlists = st.fixed_dictionaries({}, optional={organisation: grants() for organisation in ORGANISATIONS})


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """A whole policy."""
    catalogue = {model.id: model for model in draw(st.lists(models, min_size=1, max_size=2))}
    orders = draw(st.lists(directives(), max_size=2))
    return Snapshot(
        catalogue=catalogue | {"alias": next(iter(catalogue.values()))},
        stages=draw(seldom(st.dictionaries(st.sampled_from(MODELS), st.builds(StageRecord, stages, invalid=no), max_size=1), {})),
        grants={model: draw(allowlists) for model in catalogue},
        directives=tuple(msgspec.structs.replace(order, id=f"d{number}") for number, order in enumerate(orders)),
        revocations=draw(seldom(st.dictionaries(revocation_keys, revocations, max_size=2), {})),
        initialised=draw(yes),
        confirmed_at=draw(st.sampled_from((0.0, 5.0))),
        max_staleness=draw(seldom(st.just(3.0), 100.0)),
    )


code_lists = st.lists(st.sampled_from(COUNTRIES), max_size=2, unique=True).map(tuple)
nationalities = st.builds(Nationalities, known=code_lists, unknown=no, classed=seldom(code_lists, ()))
subjects = st.builds(
    Subject,
    issuer=st.just("idp"),
    subject_id=st.sampled_from(("s1", "s2")),
    organisation=seldom(st.sampled_from(("org_other", None, "")), "org_acme"),
    token_id=st.sampled_from(("t1", None)),
    us_person=st.sampled_from((True, False, None)),
    nationalities=nationalities,
    residence=st.none() | st.sampled_from(COUNTRIES),
    cut_at=seldom(instants, float("inf")),
)
locations = st.builds(
    Location,
    country=st.none() | st.sampled_from(COUNTRIES),
    regions=st.lists(st.sampled_from(REGIONS), max_size=1).map(tuple),
    anonymizer=no,
    hosting=no,
)
requests = st.builds(AccessRequest, subjects, st.sampled_from(("alias", "alias", "alias", "alias", *MODELS)), locations)
moments = st.builds(Instant, wall=instants, steady=instants)
