"""Which function answers a request: a table of methods and path patterns."""

import re
from dataclasses import dataclass

PARAMETER = re.compile(r"\{[a-z_]+(\+?)\}")


@dataclass(frozen=True)
class Route:
    """One line of the table."""

    method: str
    path: re.Pattern[str]
    function: str

    @classmethod
    def parse(cls, text: str, function: str) -> "Route":
        """Read ``POST /offers/{offer}/calls``: ``{name}`` is one segment, ``{name+}`` one or more."""
        method, _, path = text.partition(" ")
        pattern, end = "", 0
        for parameter in PARAMETER.finditer(path):
            pattern += re.escape(path[end : parameter.start()]) + (".+" if parameter[1] else "[^/]+")
            end = parameter.end()
        return cls(method, re.compile(pattern + re.escape(path[end:])), function)

    def fits(self, method: str, path: str) -> bool:
        return method == self.method and self.leads(path)

    def leads(self, path: str) -> bool:
        """True whatever the method: a distribution before function URLs looks at paths alone."""
        return self.path.fullmatch(path) is not None
