"""A read that is one whole chunk and nothing else, as servers write events: it passes on as it came (RFC 9112 section 7.1)."""

from typing import Final

LONGEST_SIZE: Final = 8
END: Final = b"\r\n"
HEXADECIMAL: Final = b"0123456789abcdefABCDEF"


def size_of_chunk(data: bytes) -> int:
    """Give the size of the chunk that `data` is: no extension, not the last one. 0 where it is anything else, and the parser's matter."""
    end = data.find(END, 1, LONGEST_SIZE + len(END))
    if end < 0 or data[:end].translate(None, HEXADECIMAL) or not data.endswith(END):
        return 0
    size = int(data[:end], 16)
    return size if len(data) == end + size + 2 * len(END) else 0
