import socket

from gateway.demo.scene import free_address


def test_a_free_port_is_kept_and_a_taken_one_replaced() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        wanted = f"127.0.0.1:{taken.getsockname()[1]}"
        given = free_address(wanted)
        assert given != wanted
        assert given.startswith("127.0.0.1:")
    assert free_address(given) == given
