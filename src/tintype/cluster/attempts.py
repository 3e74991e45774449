"""What is being tried on the cluster at this moment: so that a picture that kills its workers is set aside in the end,
and work whose result was lost with a machine is not done again."""

from typing import Any

Row = dict[str, Any]


class AttemptTracker:
    """A Ray actor beside the driver; it forgets what the driver has been told, so it stays small."""

    def __init__(self) -> None:
        self._begun: dict[str, int] = {}
        self._ended: dict[str, Row] = {}

    def suspects(self, targets: list[str]) -> list[str]:
        """Those of the targets that were begun and never ended: something died while they were worked on."""
        return [target for target in targets if target in self._begun and target not in self._ended]

    def begin(self, target: str) -> tuple[int, Row | None]:
        """The number of this try, from 1; and the result, if there is one from a try whose answer was lost."""
        if target in self._ended:
            return self._begun[target], self._ended[target]
        self._begun[target] = self._begun.get(target, 0) + 1
        return self._begun[target], None

    def end(self, target: str, row: Row) -> None:
        """A try has come to its last result."""
        self._ended[target] = row

    def forget(self, targets: list[str]) -> None:
        """The driver knows the results of these."""
        for target in targets:
            self._begun.pop(target, None)
            self._ended.pop(target, None)
