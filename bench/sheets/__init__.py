"""What a run found, as tables: one file a subject."""

from bench.outcome import Outcome
from bench.sheet import Sheet
from bench.sheets.aims import aims_sheet
from bench.sheets.fleet import fleet_sheets
from bench.sheets.policy import policy_sheets
from bench.sheets.requests import request_sheets
from bench.sheets.revocation import revocation_sheets
from bench.sheets.streams import stream_sheets

__all__ = ["all_sheets"]


def all_sheets(outcome: Outcome) -> list[Sheet]:
    """Give every table that the outcome has figures for."""
    parts = (aims_sheet, request_sheets, stream_sheets, policy_sheets, revocation_sheets, fleet_sheets)
    return [sheet for part in parts for sheet in part(outcome) if sheet.rows]
