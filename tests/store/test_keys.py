from itertools import permutations

from gateway.store.keys import Keys


def test_names_are_those_that_operators_type() -> None:
    keys = Keys()
    assert keys.allowlist("gpt-5.6") == "gateway:allowlist:gpt-5.6"
    names = (keys.models, keys.directives, keys.revocations, keys.revision, keys.changes, keys.pending, keys.replicas)
    assert names == tuple(
        f"gateway:{name}" for name in ("models", "directives", "revocations", "revision", "changes", "pending", "replicas")
    )


def test_all_keys_of_a_cluster_share_one_slot() -> None:
    keys = Keys("{gateway}:")
    assert all(name.startswith("{gateway}:") for name in (keys.allowlist("m"), keys.models, keys.canary("w"), keys.revision))


def test_an_allowlist_tells_its_model() -> None:
    assert Keys().model_of("gateway:allowlist:org/model:1") == "org/model:1"
    assert Keys().model_of("gateway:models") is None


def test_no_tracked_prefix_is_the_beginning_of_another() -> None:
    assert not any(one.startswith(other) for one, other in permutations(Keys().tracked("w"), 2))


def test_what_is_written_often_is_not_tracked() -> None:
    keys = Keys()
    untracked = (keys.changes, keys.replicas, keys.canary("another"))
    assert not any(name.startswith(prefix) for name in untracked for prefix in keys.tracked("w"))
