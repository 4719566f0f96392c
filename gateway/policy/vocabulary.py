"""The closed sets of the field: stages, reasons, effects. The order of `Reason` is the order in which callers see them."""

from enum import StrEnum, unique
from typing import Final


@unique
class Stage(StrEnum):
    """How widely a model is released; each stage admits what the one before it admits, and more."""

    SUSPENDED = "suspended"
    EVALUATION = "evaluation"
    PREVIEW = "preview"
    GENERAL = "general"


@unique
class Effect(StrEnum):
    """What a directive does to the models it names."""

    SUSPEND = "suspend"
    RESTRICT = "restrict"


@unique
class Unknown(StrEnum):
    """What a rule does when the attribute it tests is not known."""

    DENY = "deny"
    ALLOW = "allow"


@unique
class Result(StrEnum):
    """What a test says in three-valued logic: it holds, it does not, or the facts do not tell."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"


@unique
class Places(StrEnum):
    """Which countries of an address a rule looks at: where it is, where its network is registered, or both, the stricter."""

    ANY = "any"
    LOCATED = "located"
    REGISTERED = "registered"


@unique
class Aspect(StrEnum):
    """What a restriction looks at; a grant can waive some of them."""

    US_PERSON = "us_person"
    NATIONALITY = "nationality"
    MOST_RECENT = "most_recent"
    RESIDENCE = "residence"
    OWNERSHIP = "ownership"
    REGION = "region"
    ANONYMIZER = "anonymizer"
    HOSTING = "hosting"


@unique
class Reason(StrEnum):
    """Why a request is refused; a closed set, in precedence order: the first that applies is the one the caller sees."""

    MALFORMED_REQUEST = "malformed_request"
    ROUTE_NOT_ALLOWED = "route_not_allowed"
    MODEL_UNRESOLVED = "model_unresolved"
    MODEL_AMBIGUOUS = "model_ambiguous"
    TOKEN_MISSING = "token_missing"
    TOKEN_MALFORMED = "token_malformed"
    TOKEN_INVALID = "token_invalid"
    TOKEN_EXPIRED = "token_expired"
    ISSUER_UNKNOWN = "issuer_unknown"
    KEYSET_UNAVAILABLE = "keyset_unavailable"
    TOKEN_REVOKED = "token_revoked"
    POLICY_UNINITIALISED = "policy_uninitialised"
    POLICY_STALE = "policy_stale"
    AUDIT_UNAVAILABLE = "audit_unavailable"
    LEDGER_UNAVAILABLE = "ledger_unavailable"
    OBJECT_UNKNOWN = "object_unknown"
    MODEL_UNKNOWN = "model_unknown"
    MODEL_SUSPENDED = "model_suspended"
    DIRECTIVE = "directive"
    ORG_MISSING = "org_missing"
    ORG_NOT_APPROVED = "org_not_approved"
    GRANT_NOT_YET_VALID = "grant_not_yet_valid"
    GRANT_EXPIRED = "grant_expired"
    GRANT_INVALID = "grant_invalid"
    US_PERSON_REQUIRED = "us_person_required"
    US_PERSON_UNKNOWN = "us_person_unknown"
    NATIONALITY_RESTRICTED = "nationality_restricted"
    NATIONALITY_UNKNOWN = "nationality_unknown"
    ASSURANCE_INSUFFICIENT = "assurance_insufficient"
    OWNERSHIP_RESTRICTED = "ownership_restricted"
    OWNERSHIP_UNKNOWN = "ownership_unknown"
    REGION_RESTRICTED = "region_restricted"
    REGION_UNKNOWN = "region_unknown"
    ANONYMIZER = "anonymizer"
    HOSTING = "hosting"
    LIMIT_EXCEEDED = "limit_exceeded"


PRECEDENCE: Final = {reason: rank for rank, reason in enumerate(Reason)}
