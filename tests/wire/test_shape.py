from gateway.policy.vocabulary import Reason
from gateway.wire.shape import SHAPES


def test_a_shape_says_where_to_look() -> None:
    shape = SHAPES["messages", "model", "tools", "fallbacks", "stream"]
    assert shape.refused is None
    assert (shape.model, shape.stream, shape.other, shape.elsewhere, shape.prose) == (1, 4, (2,), (3,), (0,))
    assert shape.stored == shape.owners == ()


def test_a_shape_says_what_refers_to_stored_objects_in_any_spelling() -> None:
    shape = SHAPES["model", "vectorStoreIds", "Voice", "metadata"]
    assert shape.stored == ((1, "vector_store_ids"),)
    assert shape.owners == ((2, "voice"),)
    assert 3 not in (*shape.prose, *shape.other), "the caller's own"


def test_keys_alone_can_settle_it() -> None:
    refused = {
        names: SHAPES[names].refused
        for names in (("model", "model"), ("model", "x", "x"), ("model", "Model"), ("messages",), ("Model",), ())
    }
    reasons = {names: outcome.reason if outcome else None for names, outcome in refused.items()}
    assert reasons == {
        ("model", "model"): Reason.MODEL_AMBIGUOUS,
        ("model", "x", "x"): Reason.MALFORMED_REQUEST,
        ("model", "Model"): Reason.MODEL_AMBIGUOUS,
        ("messages",): None,
        ("Model",): Reason.MODEL_AMBIGUOUS,
        (): None,
    }


def test_a_caller_with_endless_keys_is_not_remembered() -> None:
    names = tuple(f"key{number}" for number in range(10_000))
    assert SHAPES[names].refused is None
    assert names not in SHAPES
