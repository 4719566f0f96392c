"""The closed sets, as the world outside reads them."""

from gateway.policy.vocabulary import PRECEDENCE, Aspect, Places, Reason, Stage

DOCUMENTED = """
malformed_request route_not_allowed model_unresolved model_ambiguous token_missing token_malformed token_invalid token_expired
issuer_unknown keyset_unavailable token_revoked policy_uninitialised policy_stale audit_unavailable ledger_unavailable object_unknown
model_unknown model_suspended
directive org_missing org_not_approved grant_not_yet_valid grant_expired grant_invalid us_person_required us_person_unknown
nationality_restricted nationality_unknown assurance_insufficient ownership_restricted ownership_unknown region_restricted
region_unknown anonymizer hosting limit_exceeded
"""


def test_reasons_and_their_precedence_are_as_documented() -> None:
    assert list(Reason) == DOCUMENTED.split()
    assert sorted(Reason, key=PRECEDENCE.__getitem__) == list(Reason)


def test_stages_and_aspects_are_spelled_as_people_type_them() -> None:
    assert list(Stage) == ["suspended", "evaluation", "preview", "general"]
    assert list(Aspect) == ["us_person", "nationality", "most_recent", "residence", "ownership", "region", "anonymizer", "hosting"]
    assert list(Places) == ["any", "located", "registered"]
