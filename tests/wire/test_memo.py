from gateway.wire.memo import Memo


def test_an_answer_is_found_once() -> None:
    asked: list[str] = []

    def answer(question: str) -> int:
        asked.append(question)
        return len(question)

    memo = Memo(answer, size=len)
    assert [memo["abc"], memo["abc"], memo["de"]] == [3, 3, 2]
    assert asked == ["abc", "de"]


def test_callers_cannot_make_it_grow() -> None:
    memo: Memo[str, int] = Memo(len, size=len, limit=10, largest=5)
    answers = [memo["x" * (number % 7) + str(number)] for number in range(1000)]
    assert answers == [number % 7 + len(str(number)) for number in range(1000)]
    assert len(memo) <= 10
    assert memo["long enough"] == 11
    assert "long enough" not in memo
