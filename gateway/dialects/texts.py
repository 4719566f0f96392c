"""What a refusal says to its reader: the category of the reason, never an attribute's value, and whom to ask."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.dialects.refusal import Refusal
from gateway.policy.vocabulary import Reason

TEXTS: Final[Mapping[Reason, str]] = MappingProxyType(
    {
        Reason.MALFORMED_REQUEST: "The request cannot be read in one way only.",
        Reason.ROUTE_NOT_ALLOWED: "This method and path are not served here.",
        Reason.MODEL_UNRESOLVED: "The request names no model that can be read.",
        Reason.MODEL_AMBIGUOUS: "The request names its model in more than one way.",
        Reason.TOKEN_MISSING: "No token was sent. Send it as Authorization: Bearer, or as the API key of your SDK.",
        Reason.TOKEN_MALFORMED: "What was sent is not a signed token.",
        Reason.TOKEN_INVALID: "The token is not valid here.",
        Reason.TOKEN_EXPIRED: "The token has expired. Obtain a new one.",
        Reason.ISSUER_UNKNOWN: "The token's issuer is not known here.",
        Reason.KEYSET_UNAVAILABLE: "The keys to verify the token are not available at present.",
        Reason.TOKEN_REVOKED: "The token, its subject or its organisation has been revoked.",
        Reason.POLICY_UNINITIALISED: "No policy is in force yet; nothing is permitted until one is.",
        Reason.POLICY_STALE: "The policy could not be confirmed recently enough for this model.",
        Reason.AUDIT_UNAVAILABLE: "The decision cannot be put on record at present.",
        Reason.LEDGER_UNAVAILABLE: "Whose the stored objects are cannot be told at present.",
        Reason.OBJECT_UNKNOWN: "No such object.",
        Reason.MODEL_UNKNOWN: "The model does not exist or you do not have access to it.",
        Reason.MODEL_SUSPENDED: "The model is suspended.",
        Reason.DIRECTIVE: "A directive restricts this model.",
        Reason.ORG_MISSING: "The token names no organisation, and this model is released to approved organisations only.",
        Reason.ORG_NOT_APPROVED: "Your organisation is not approved for this model.",
        Reason.GRANT_NOT_YET_VALID: "Your organisation's approval for this model has not begun.",
        Reason.GRANT_EXPIRED: "Your organisation's approval for this model has ended.",
        Reason.GRANT_INVALID: "Your organisation's approval for this model cannot be read. Its operator has to correct it.",
        Reason.US_PERSON_REQUIRED: "This model is available to U.S. persons only.",
        Reason.US_PERSON_UNKNOWN: "This model is available to U.S. persons only, and the token does not say whether you are one.",
        Reason.NATIONALITY_RESTRICTED: "A rule on nationality or residence restricts this model.",
        Reason.NATIONALITY_UNKNOWN: "A rule on nationality or residence restricts this model, and the token does not settle it.",
        Reason.ASSURANCE_INSUFFICIENT: "This model requires attributes that are verified more strongly than those in the token.",
        Reason.OWNERSHIP_RESTRICTED: "A rule on the ownership of organisations restricts this model.",
        Reason.OWNERSHIP_UNKNOWN: "A rule on the ownership of organisations restricts this model, and yours is not on record.",
        Reason.REGION_RESTRICTED: "This model is not available in your country, region, or territory.",
        Reason.REGION_UNKNOWN: "This model is restricted by region, and the region of your address cannot be established.",
        Reason.ANONYMIZER: "This model is not available over anonymizing networks.",
        Reason.HOSTING: "This model is not available from data-centre addresses without a waiver.",
        Reason.LIMIT_EXCEEDED: "The limit for your organisation is reached. Try again later.",
    }
)


def text_of(refusal: Refusal) -> str:
    """One paragraph for people: the rule's own message or the reason's text, what was wrong, the decision id and the contact."""
    text = refusal.message or TEXTS[refusal.reason]
    if refusal.reason is Reason.MODEL_UNKNOWN and refusal.model is not None:
        text = f"The model '{refusal.model}' does not exist or you do not have access to it."
    detail = f" {refusal.detail[:1].upper()}{refusal.detail[1:]}." if refusal.detail else ""
    contact = f", contact {refusal.contact}" if refusal.contact else ""
    return f"{text}{detail} (reason {refusal.reason}, decision {refusal.decision_id}{contact})"


def facts_of(refusal: Refusal) -> dict[str, str]:
    """Fields for programs, the same in every dialect; what is empty is left out."""
    facts = {
        "reason": refusal.reason.value,
        "decision_id": refusal.decision_id,
        "contact": refusal.contact,
        "authority": refusal.authority,
        "legal_basis": refusal.legal_basis,
    }
    return {name: value for name, value in facts.items() if value}
