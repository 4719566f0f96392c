"""One body, two JSON readers: the gate's and the upstream's."""

from collections.abc import Callable
from typing import Final

from gateway.probe.message import post
from gateway.probe.probe import Attempt, Must, Probe
from gateway.probe.target import Target

HOLE: Final = "gateway and upstream read one body differently"
TWICE: Final = "Envoy AI Gateway GHSA-4gph-2hhr-5mwg"
KEYS: Final = "gjson #393"
SUITES: Final = "JSON test suites"
REST: Final = b'"messages":[{"role":"user","content":"probe"}]'

Write = Callable[[bytes, bytes], bytes]

# Name, where it was seen, the body from the allowed and the forbidden name.
BODIES: Final[tuple[tuple[str, str, Write], ...]] = (
    ("key twice, the last one forbidden", TWICE, lambda a, f: b'{"model":"%b",%b,"model":"%b"}' % (a, REST, f)),
    ("key twice, the first one forbidden", TWICE, lambda a, f: b'{"model":"%b",%b,"model":"%b"}' % (f, REST, a)),
    ("escaped key after the plain one", KEYS, lambda a, f: b'{"model":"%b",%b,"mod\\u0065l":"%b"}' % (a, REST, f)),
    ("escaped key before the plain one", KEYS, lambda a, f: b'{"mod\\u0065l":"%b",%b,"model":"%b"}' % (f, REST, a)),
    ("escaped key alone", KEYS, lambda _, f: b'{"\\u006dodel":"%b",%b}' % (f, REST)),
    ("escaped name", KEYS, lambda _, f: b'{"model":"\\u%04x%b",%b}' % (f[0], f[1:], REST)),
    ("key in another case", SUITES, lambda a, f: b'{"model":"%b","Model":"%b",%b}' % (a, f, REST)),
    ("key in upper case first", SUITES, lambda a, f: b'{"MODEL":"%b","model":"%b",%b}' % (f, a, REST)),
    ("key in another case alone", SUITES, lambda _, f: b'{"Model":"%b",%b}' % (f, REST)),
    ("key with a space", SUITES, lambda a, f: b'{"model":"%b","model ":"%b",%b}' % (a, f, REST)),
    ("key with a hidden character", SUITES, lambda a, f: b'{"model":"%b","mo\\u200bdel":"%b",%b}' % (a, f, REST)),
    ("key in wide letters", SUITES, lambda a, f: b'{"model":"%b","\xef\xbd\x8dodel":"%b",%b}' % (a, f, REST)),
    ("key with a zero byte escaped", SUITES, lambda a, f: b'{"model":"%b","model\\u0000":"%b",%b}' % (a, f, REST)),
    ("byte order mark", SUITES, lambda _, f: b'\xef\xbb\xbf{"model":"%b",%b}' % (f, REST)),
    ("UTF-16 with a mark", SUITES, lambda _, f: (b'{"model":"%b",%b}' % (f, REST)).decode().encode("utf-16")),
    ("UTF-16 without a mark", SUITES, lambda _, f: (b'{"model":"%b",%b}' % (f, REST)).decode().encode("utf-16-le")),
    ("UTF-32", SUITES, lambda _, f: (b'{"model":"%b",%b}' % (f, REST)).decode().encode("utf-32")),
    ("NaN beside it", SUITES, lambda _, f: b'{"model":"%b","temperature":NaN,%b}' % (f, REST)),
    ("Infinity beside it", SUITES, lambda a, f: b'{"model":"%b","temperature":-Infinity,%b,"model":"%b"}' % (a, REST, f)),
    ("lone surrogate beside it", SUITES, lambda _, f: b'{"model":"%b","user":"\\ud800",%b}' % (f, REST)),
    ("lone surrogate in the name", SUITES, lambda _, f: b'{"model":"%b\\ud800",%b}' % (f, REST)),
    ("lone surrogate as a key", SUITES, lambda a, f: b'{"model":"%b","\\udfff":1,"model":"%b",%b}' % (a, f, REST)),
    ("invalid UTF-8 beside it", SUITES, lambda _, f: b'{"model":"%b","user":"\xff\xfe",%b}' % (f, REST)),
    ("overlong UTF-8 key", SUITES, lambda a, f: b'{"model":"%b","\xc1\xadodel":"%b","model":"%b",%b}' % (a, f, f, REST)),
    ("a second document behind it", SUITES, lambda a, f: b'{"model":"%b",%b}{"model":"%b",%b}' % (a, REST, f, REST)),
    ("a second document on a new line", SUITES, lambda a, f: b'{"model":"%b",%b}\n{"model":"%b",%b}' % (a, REST, f, REST)),
    ("bytes behind it", SUITES, lambda _, f: b'{"model":"%b",%b}xxx' % (f, REST)),
    ("a zero byte behind it", SUITES, lambda _, f: b'{"model":"%b",%b}\0' % (f, REST)),
    ("bytes before it", SUITES, lambda _, f: b'for(;;);{"model":"%b",%b}' % (f, REST)),
    ("a comment", SUITES, lambda a, f: b'{/*"model":"%b",*/"model":"%b",%b}' % (a, f, REST)),
    ("single quotes", SUITES, lambda _, f: b"{'model':'%b',%b}" % (f, REST)),
    ("a comma too many", SUITES, lambda _, f: b'{"model":"%b",%b,}' % (f, REST)),
    ("a control character in the name", SUITES, lambda _, f: b'{"model":"\x01%b",%b}' % (f, REST)),
    ("a list of objects", SUITES, lambda _, f: b'[{"model":"%b",%b}]' % (f, REST)),
    ("a list of names", SUITES, lambda a, f: b'{"model":["%b","%b"],%b}' % (a, f, REST)),
    ("an object for a name", SUITES, lambda _, f: b'{"model":{"id":"%b"},%b}' % (f, REST)),
    ("null, then the name", SUITES, lambda _, f: b'{"model":null,%b,"model":"%b"}' % (REST, f)),
    ("the name, then null", SUITES, lambda _, f: b'{"model":"%b",%b,"model":null}' % (f, REST)),
    ("a number of 5,000 digits", SUITES, lambda _, f: b'{"model":"%b","n":%b,%b}' % (f, b"9" * 5000, REST)),
    ("a number out of range", SUITES, lambda _, f: b'{"model":"%b","seed":1e999999,%b}' % (f, REST)),
    ("100,000 brackets", SUITES, lambda _, f: b'{"model":"%b",%b,"x":%b' % (f, REST, b"[" * 100_000)),
    ("100,000 objects in each other", SUITES, lambda _, f: b'{"model":"%b",%b,"x":%b' % (f, REST, b'{"a":' * 100_000)),
    ("300,000 spaces before it", SUITES, lambda a, f: b'{"model":"%b",%b,"model":"%b"}' % (a, b" " * 300_000 + REST, f)),
    ("the escaped quote of a text", SUITES, lambda a, f: b'{"user":"\\\\","model":"%b","x":"\\",\\"model\\":\\"%b\\"",%b}' % (f, a, REST)),
)
# The model is not named, or not in a way that can be read: nothing to decide on.
NAMELESS: Final[tuple[tuple[str, bytes], ...]] = (
    ("no model", b"{%b}" % REST),
    ("an empty model", b'{"model":"",%b}' % REST),
    ("null for a model", b'{"model":null,%b}' % REST),
    ("a number for a model", b'{"model":1,%b}' % REST),
    ("an empty body", b""),
    ("an empty object", b"{}"),
    ("a text", b'"model"'),
    ("bytes that are no text", b"\xff\x00\xfe\x01" * 8),
)


def _written(write: Write) -> Callable[[Target], Attempt]:
    return lambda target: Attempt(post(target, write(target.allowed.encode(), target.forbidden.encode())))


def _nameless(body: bytes) -> Callable[[Target], Attempt]:
    return lambda target: Attempt(post(target, body))


PROBES: Final = (
    *(Probe("json", name, HOLE, seen, _written(write)) for name, seen, write in BODIES),
    *(
        Probe("json", name, "a default model is chosen where none is named", "Kong #14536", _nameless(body), Must.KEEP_ALL)
        for name, body in NAMELESS
    ),
)
