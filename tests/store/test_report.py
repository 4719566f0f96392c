import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.store.report import Report, Step, decode_report, encode_report

NEWEST = Step(revision=9, follows=7, applied_at=1000.5, applied_seconds=0.002, cut=3, last_cut_at=1000.4)
OLDER = Step(revision=7, follows=6, applied_at=990.0, applied_seconds=0.001)


def report(*steps: Step) -> Report:
    return Report(
        worker="w0",
        host="gate-1",
        pid=17,
        machine="ab",
        version="1",
        started_at=900.0,
        reported_at=1001.0,
        expires_after=70.0,
        up=True,
        revision=9,
        digest="d",
        through=1000.9,
        streams=4,
        steps=steps,
    )


@pytest.mark.parametrize("steps", [(), (NEWEST,), (NEWEST, OLDER)], ids=len)
def test_what_is_written_is_read_again(steps: tuple[Step, ...]) -> None:
    assert decode_report(encode_report(report(*steps))) == report(*steps)


def test_the_newest_step_stands_at_the_top_for_who_reads_the_raw_field() -> None:
    told = json.loads(encode_report(report(NEWEST, OLDER)))
    assert (told["revision"], told["cut"], told["applied_seconds"], told["last_cut_at"]) == (9, 3, 0.002, 1000.4)
    assert [step["revision"] for step in told["earlier"]] == [7]


def test_a_field_of_a_newer_version_is_passed_over() -> None:
    told = json.loads(encode_report(report(NEWEST))) | {"mood": "fine"}
    assert decode_report(json.dumps(told)) == report(NEWEST)


@given(st.binary(max_size=64) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda value: json.dumps(value).encode()))
def test_what_is_no_report_is_none(raw: bytes) -> None:
    assert decode_report(raw) is None


BROKEN = ('{"earlier": 3}', '{"earlier": [1], "applied_at": 1}', "{" * 100_000, '{"worker": "' + "x" * 70_000 + '"}')


@pytest.mark.parametrize("raw", BROKEN, ids=["no list", "no step", "deep", "long"])
def test_what_is_meant_to_break_it_is_none(raw: str) -> None:
    assert decode_report(raw) is None


def test_a_step_takes_in_what_lies_between_its_revisions() -> None:
    assert [NEWEST.takes_in(revision) for revision in (7, 8, 9, 10)] == [False, True, True, False]
    assert not Step(revision=9, follows=9, applied_at=0, applied_seconds=0).takes_in(9)
