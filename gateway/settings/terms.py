"""What the settings ask of whoever widens the policy, named in a few characters: settings that ask for something else have another name."""

import hashlib
from typing import Final

import msgspec

from gateway.settings.shape import Settings

LENGTH: Final = 16
"""Hexadecimal digits: enough to tell two files apart, and no secret to be guessed."""


def terms_name(settings: Settings) -> str:
    """Name sign-offs, places and approvals as these settings have them."""
    approvals = settings.approvals
    asked = msgspec.json.encode((settings.stages, approvals.widening, float(approvals.valid_for), approvals.operators))
    return hashlib.sha256(asked).hexdigest()[:LENGTH]
