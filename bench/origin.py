"""The upstream of whole answers: nginx with one fixed answer, the cheapest that there is."""

from pathlib import Path
from typing import Final

import msgspec

from bench.nginx import nginx_command
from bench.program import Program
from bench.template import written

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


def origin(directory: Path, port: int, core: int, *, reading: bool = False) -> Program:
    """Answer every request with about 600 bytes of JSON: at once, or (`reading`) when its body has been read, as large ones need."""
    directory.mkdir(parents=True)
    template = Path(__file__).with_name("origin_reading.conf" if reading else "origin.conf")
    settings = written(directory, template, directory=directory, port=port, answer=ANSWER)
    return Program("origin", nginx_command(settings), (core,), directory / "log", (port,))
