"""Small random worlds: few names, so that rules and facts meet often, and mostly sound, so that permits are not rare."""

from typing import Final, TypeVar

import msgspec
from hypothesis import strategies as st

from gateway.policy.access import AccessRequest, Instant, Location, Nationalities, Statement, Subject, Verification
from gateway.policy.assurance import Requirement
from gateway.policy.directive import Directive
from gateway.policy.ownership import OwnershipRule, ownership
from gateway.policy.restrictions import NO_RESTRICTIONS, CountryRule, Restrictions
from gateway.policy.snapshot import Grant, Model, Revocation, Snapshot, StageRecord
from gateway.policy.vocabulary import Effect, Places, Stage, Unknown

T = TypeVar("T")

MODELS: Final = ("frontier", "open")
ORGANISATIONS: Final = ("org_acme", "org_other")
COUNTRIES: Final = ("US", "FR", "IR")
REGIONS: Final = ("FR-75", "UA-43")
FRAMEWORKS: Final = ("eidas", "house")
ALWAYS: Final = (float("-inf"), float("inf"))


def seldom(strategy: st.SearchStrategy[T], usual: T) -> st.SearchStrategy[T]:
    """Draw `usual` most of the time."""
    return st.sampled_from((False, False, True, False, False, False)).flatmap(lambda unusual: strategy if unusual else st.just(usual))


yes = seldom(st.just(value=False), usual=True)
no = seldom(st.just(value=True), usual=False)

instants = st.integers(0, 9).map(float)
windows = st.tuples(st.just(float("-inf")) | instants, st.just(float("inf")) | instants)

code_sets = st.frozensets(st.sampled_from(COUNTRIES + REGIONS), max_size=3)
requirements = st.builds(
    Requirement,
    st.frozensets(st.sampled_from(FRAMEWORKS), min_size=1),
    st.sampled_from(("", "", "low", "high")),
    st.sampled_from((float("inf"), 3.0)),
)
lapses = seldom(instants, float("inf"))
country_rules = st.builds(
    CountryRule,
    st.none() | code_sets,
    seldom(code_sets, None),
    st.sampled_from(Unknown),
    seldom(requirements, None),
    lapses,
    st.booleans(),
    seldom(st.sampled_from(Places), Places.ANY),
)
ownership_rules = st.builds(
    OwnershipRule, code_sets, st.sampled_from((25.0, 50.0)), st.booleans(), st.booleans(), st.sampled_from(Unknown), lapses
)
some_rules = st.builds(
    Restrictions,
    nationality=st.none() | country_rules,
    us_person=no,
    us_person_exempt=st.booleans(),
    residence=seldom(country_rules, None),
    region=seldom(country_rules, None),
    deny_anonymizer=no,
    deny_hosting=no,
    most_recent=seldom(country_rules, None),
    ownership=seldom(ownership_rules, None),
    require_verified=seldom(requirements, None),
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
    by_stage=seldom(st.tuples(st.tuples(st.sampled_from((Stage.PREVIEW, Stage.GENERAL)), some_rules)), ()),
)
shares = st.lists(st.tuples(st.sampled_from(COUNTRIES), st.sampled_from((10.0, 25.0, 50.0))), max_size=2)
owners = st.none() | shares.map(ownership)


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
        ownership=draw(owners),
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
        except_models=draw(seldom(st.frozensets(st.sampled_from(MODELS)), None)),
        binds_foreign_nationals=draw(st.booleans()),
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
one_country = st.none() | st.sampled_from(COUNTRIES)
nationalities = st.builds(
    Nationalities, known=code_lists, unknown=no, classed=seldom(code_lists, ()), most_recent=seldom(one_country, None)
)
verifications = st.builds(Verification, st.sampled_from(FRAMEWORKS), st.sampled_from(("", "low", "high")), st.none() | instants)
tristate = st.sampled_from((True, False, None))
sources = st.sampled_from(("self_asserted", "verified_claims[0]"))
statements = st.builds(Statement, sources, st.none() | verifications, tristate, st.none() | nationalities, one_country)
subjects = st.builds(
    Subject,
    issuer=st.just("idp"),
    subject_id=st.sampled_from(("s1", "s2")),
    organisation=seldom(st.sampled_from(("org_other", None, "")), "org_acme"),
    token_id=st.sampled_from(("t1", None)),
    us_person=tristate,
    nationalities=nationalities,
    residence=one_country,
    cut_at=seldom(instants, float("inf")),
    statements=st.lists(statements, max_size=2).map(tuple),
    ownership=owners,
)
region_lists = st.lists(st.sampled_from(REGIONS), max_size=1).map(tuple)
other_places = st.builds(Location, one_country, region_lists, st.sampled_from(("database", "registered")))
locations = st.builds(
    Location,
    country=one_country,
    regions=region_lists,
    anonymizer=seldom(st.sampled_from((True, None)), usual=False),
    hosting=seldom(st.sampled_from((True, None)), usual=False),
    registered=one_country,
    others=seldom(st.lists(other_places, max_size=2).map(tuple), ()),
)
requests = st.builds(AccessRequest, subjects, st.sampled_from(("alias", "alias", "alias", "alias", *MODELS)), locations)
moments = st.builds(Instant, wall=instants, steady=instants)
