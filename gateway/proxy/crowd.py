"""Connections counted by whose they are."""

from collections.abc import Hashable


class Crowd:
    """Each connection counts for one name at a time; the empty name is nobody's, and not counted."""

    def __init__(self) -> None:
        self._names: dict[Hashable, str] = {}
        self._counts: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"<Crowd {len(self._names)} of {len(self._counts)}>"

    def move(self, connection: Hashable, name: str, most: int) -> bool:
        """Count it for `name` from now on; False, and for nobody, where that has `most` already. 0: any number."""
        if self._names.get(connection, "") == name:
            return True
        self.leave(connection)
        count = self._counts.get(name, 0)
        if not name or not most:
            return True
        if count >= most:
            return False
        self._names[connection] = name
        self._counts[name] = count + 1
        return True

    def leave(self, connection: Hashable) -> None:
        """It is gone."""
        name = self._names.pop(connection, "")
        if name:
            left = self._counts[name] - 1
            if left:
                self._counts[name] = left
            else:
                del self._counts[name]
