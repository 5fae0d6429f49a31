"""Which of our routes a request is for, before any of them is asked."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Match, Route

if TYPE_CHECKING:
    from starlette.types import Scope


class OwnRoutes:
    """Our routes, by their paths."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._all = [route for route in routes if isinstance(route, Route)]
        if len(self._all) != len(routes):
            raise TypeError("The gate knows plain routes only; of others it could not tell which requests are theirs.")
        self._patterns = [route for route in self._all if route.param_convertors]
        self._fixed: dict[str, list[Route]] = {}
        for route in self._all:
            if not route.param_convertors:
                self._fixed.setdefault(route.path, []).append(route)

    def find(self, scope: "Scope") -> tuple[Route | None, Match]:
        """The route, and whether it takes the method as well; None and NONE if no route has the path."""
        # Most paths are plain words, so that one look-up finds them. Below a prefix only the routes themselves know.
        candidates = self._all if scope.get("root_path") else self._fixed.get(scope["path"], self._patterns)
        matches = [(route.matches(scope)[0], route) for route in candidates]
        for wanted in (Match.FULL, Match.PARTIAL):
            for match, route in matches:
                if match == wanted:
                    return route, match
        return None, Match.NONE
