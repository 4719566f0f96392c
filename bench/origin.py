"""nginx in a directory of its own, never the system's service: the static origin of requests, and the floor of relaying."""

from pathlib import Path
from typing import Final

import msgspec

from bench.program import Program, find

ANSWER: Final = msgspec.json.encode(
    {
        "id": "chatcmpl-8f14e45fceea167a5a36dedd4bea2543",
        "object": "chat.completion",
        "created": 1793491200,
        "model": "bench",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "A gate is a question asked at the right place. " * 6},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "usage": {"prompt_tokens": 180, "completion_tokens": 66, "total_tokens": 246},
    }
).decode()

_FRAME: Final = """
daemon off; master_process off; worker_processes 1; worker_rlimit_nofile {descriptors};
pid {directory}/pid; error_log {directory}/error.log warn;
events {{ worker_connections {connections}; multi_accept on; }}
http {{
  access_log off; default_type application/json; server_tokens off;
  keepalive_requests 100000000; keepalive_timeout 300s; client_body_buffer_size 64k; tcp_nodelay on;
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
  {content}
}}
"""
_STATIC: Final = """server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 200 '{answer}'; }} }}"""
_RELAY: Final = """
  upstream to_{port} {{ server 127.0.0.1:{target}; keepalive 512; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://to_{port}; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; proxy_read_timeout 300s;
    }}
  }}"""


def origin(directory: Path, port: int, core: int) -> Program:
    """Answer every request with about 600 bytes of JSON."""
    return _nginx("origin", directory, _STATIC.format(port=port, answer=ANSWER), core, (port,))


def floor(directory: Path, ports: dict[int, int], core: int) -> Program:
    """Relay each port of `ports` to its target port, checking nothing: what relaying costs at least."""
    content = "".join(_RELAY.format(port=port, target=target) for port, target in ports.items())
    return _nginx("nginx", directory, content, core, tuple(ports))


def _nginx(name: str, directory: Path, content: str, core: int, ports: tuple[int, ...]) -> Program:
    directory.mkdir(parents=True)
    settings = directory / "nginx.conf"
    settings.write_text(_FRAME.format(directory=directory, content=content, connections=30000, descriptors=30100))
    command = [find("nginx"), "-c", str(settings), "-p", str(directory), "-e", str(directory / "error.log")]
    return Program(name, command, core, directory / "log", ports)
