"""Answers that depend on nothing but their question, remembered up to a bound."""

from collections.abc import Callable, Hashable
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memo(dict[K, V]):
    """`memo[question]` is `answer(question)`, from memory where it can be.

    Callers choose the questions, so no more than `limit` are kept (then all are forgotten), and none whose `size` is over `largest`.
    """

    __slots__ = ("_answer", "_largest", "_limit", "_size")

    def __init__(self, answer: Callable[[K], V], size: Callable[[K], int], limit: int = 1024, largest: int = 128) -> None:
        super().__init__()
        self._answer: Callable[[K], V] = answer
        self._size: Callable[[K], int] = size
        self._limit = limit
        self._largest = largest

    def __missing__(self, question: K) -> V:
        answer: V = self._answer(question)
        if self._size(question) <= self._largest:
            if len(self) >= self._limit:
                self.clear()
            self[question] = answer
        return answer
