"""Samples charged to steps: the kernel first, then the innermost room of the gate, else the loop."""

from collections import Counter

import pytest

from bench.problem import BenchError
from bench.steps import LOOP, Step, charged, weighed

ROOT = "0x7f (libc.so.6);_run_module_as_main (<frozen runpy>:198);run_forever (loop.c:33192)"
SERVING = (
    f"{ROOT};uv__read (stream.c:1154);Connection.data_received (gateway/proxy/listener.py:93);Gate.judge (gateway/proxy/journey.py:174)"
)


def test_each_sample_goes_to_one_step() -> None:
    found = charged(
        [
            f"{SERVING};resolve (gateway/wire/model.py:51);JSONDecoder_decode (msgspec/_core.so) 7",
            f"{SERVING};Relay.start (gateway/proxy/relay.py:9);writelines (loop.c:1);writev (libc.so.6) 5",
            f"{SERVING} 2",
            f"{ROOT};uv__io_poll (linux.c:1546) 3",
            f"{ROOT};uv__io_poll (linux.c:1546);epoll_pwait (libc.so.6) 1",
            f"{SERVING};decide (/home/somebody/gateway/gateway/policy/decide.py:9) 4",
        ]
    )
    assert found == {"wire": 7, "kernel: send": 5, "proxy/journey": 2, LOOP: 3, "kernel: wait for sockets": 1, "policy": 4}


def test_threads_that_write_records_or_wait_are_no_part_of_a_request() -> None:
    found = charged(
        [
            "0x7f (libc.so.6);_bootstrap (threading.py:1002);_write (gateway/audit/journal.py:9);write (libc.so.6) 9",
            f"{ROOT};_queue_SimpleQueue_get_impl (_queuemodule.c:253);pthread_cond_wait (libc.so.6) 9",
        ]
    )
    assert not found


def test_the_kernels_part_is_as_large_as_the_system_says_however_often_it_was_seen() -> None:
    found = Counter({"kernel: send": 60, "kernel: receive": 20, "wire": 15, "audit": 5})
    assert weighed(found, 40.0, 0.5) == (
        Step("kernel: send", 0.375, 15.0),
        Step("wire", 0.375, 15.0),
        Step("kernel: receive", 0.125, 5.0),
        Step("audit", 0.125, 5.0),
    )


def test_where_nothing_was_seen_nothing_is_said() -> None:
    with pytest.raises(BenchError, match="ptrace"):
        weighed(Counter({"wire": 5}), 40.0, 0.5)
