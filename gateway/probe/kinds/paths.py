"""One path, two readers: what was judged is not what the upstream makes of the same bytes."""

from collections.abc import Callable
from typing import Final

from gateway.probe.message import ask, post
from gateway.probe.probe import Attempt, Probe
from gateway.probe.target import Target

HOLE: Final = "the path is judged in one form and served in another"
OATHKEEPER: Final = "Oathkeeper GHSA-p224-6x5r-fjpm"
ENVOY: Final = "Envoy CVE-2021-29492"

# Between the two names of a deployment: the first one (@) is judged, the second one ($) is what some server goes to.
DEPLOYMENTS: Final = (
    ("dots", OATHKEEPER, b"@/../$"),
    ("encoded dots", ENVOY, b"@/%2e%2e/$"),
    ("doubly encoded dots", ENVOY, b"@/%252e%252e/$"),
    ("encoded slashes", ENVOY, b"@%2f..%2f$"),
    ("doubly encoded slashes", ENVOY, b"@%252f..%252f$"),
    ("backslashes", ENVOY, b"@\\..\\$"),
    ("encoded backslashes", ENVOY, b"@%5c..%5c$"),
    ("dots with parameters", "Tomcat, ..;/", b"@/..;/$"),
    ("overlong dots", "UTF-8", b"@/%c0%ae%c0%ae/$"),
    ("empty segments", ENVOY, b"@//..//$"),
    ("a zero byte", "C strings", b"$%00@"),
    ("a parameter", "RFC 3986", b"$;@"),
    ("a fragment", "Envoy CVE-2021-32779", b"$#@"),
    ("an encoded fragment", "Envoy CVE-2021-32779", b"$%23@"),
    ("an encoded question mark", OATHKEEPER, b"$%3f@"),
    ("an encoded letter", OATHKEEPER, b"%first$"),
    ("a raw byte", "-", b"@/\xe2\x80\xa5/$"),
    ("a tab", "WHATWG URL", b"@/.\t./$"),
)
# The forbidden model in the body of a path that a check of paths may not know again.
CHATS: Final = (
    ("two slashes", b"//v1/chat/completions"),
    ("two slashes within", b"/v1//chat/completions"),
    ("a dot", b"/v1/./chat/completions"),
    ("an encoded dot", b"/v1/%2e/chat/completions"),
    ("an encoded slash", b"/v1/chat%2fcompletions"),
    ("an encoded letter", b"/v1/ch%61t/completions"),
    ("a backslash", b"/v1\\chat/completions"),
    ("a parameter", b"/v1/chat/completions;x=1"),
    ("a zero byte", b"/v1/chat/completions%00"),
    ("a fragment", b"/v1/chat/completions#/health"),
    ("from an exempt path", b"/health/../v1/chat/completions"),
    ("from an exempt path, encoded", b"/health/%2e%2e/v1/chat/completions"),
    ("from an exempt path, with a parameter", b"/health/..;/v1/chat/completions"),
    ("from an exempt path, encoded slash", b"/health/..%2fv1/chat/completions"),
    ("absolute form", b"http://localhost/v1/chat/completions"),
    ("absolute form, elsewhere", b"http://probe.example/v1/chat/completions"),
    ("absolute form, with an account", b"http://a@localhost/v1/chat/completions"),
    ("asterisk", b"*"),
    ("no slash", b"v1/chat/completions"),
    ("an incomplete escape", b"/v1/chat/completions%2"),
    ("an escape that is none", b"/v1/chat/%zzcompletions"),
    ("an overlong path", b"/v1/chat/completions?x=" + b"a" * 9000),
)


def _deployment(shape: bytes) -> Callable[[Target], Attempt]:
    def make(target: Target) -> Attempt:
        name = target.forbidden.encode()
        named = shape.replace(b"%first$", b"%%%02x%b" % (name[0], name[1:])).replace(b"$", name).replace(b"@", target.allowed.encode())
        return Attempt(post(target, ask(target.allowed), b"/openai/deployments/" + named + b"/chat/completions"))

    return make


def _chat(path: bytes) -> Callable[[Target], Attempt]:
    return lambda target: Attempt(post(target, ask(target.forbidden), path))


PROBES: Final = (
    *(Probe("paths", f"deployment, {name}", HOLE, seen, _deployment(shape), control="deployment") for name, seen, shape in DEPLOYMENTS),
    *(Probe("paths", name, HOLE, OATHKEEPER, _chat(path)) for name, path in CHATS),
)
