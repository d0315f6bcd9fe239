"""What ``deploy/Dockerfile`` says, an instruction at a time."""

import re
import shlex
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"


@dataclass(frozen=True)
class Instruction:
    """``stage`` counts from 0 and is -1 before the first FROM."""

    name: str
    text: str
    stage: int

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text)

    @property
    def sources(self) -> list[str]:
        """Of a COPY."""
        return [word for word in self.words if not word.startswith("--")][:-1]

    @property
    def target(self) -> str:
        return self.words[-1]

    @property
    def variables(self) -> dict[str, str]:
        """Of an ENV or ARG."""
        return dict(word.split("=", 1) for word in self.words)


def instructions(text: str | None = None) -> list[Instruction]:
    text = DOCKERFILE.read_text(encoding="utf-8") if text is None else text
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    found = []
    stage = -1
    for line in re.sub(r"\\\n\s*", "", lines).splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            stage += name == "FROM"
            found.append(Instruction(name, rest.strip(), stage))
    return found


def sent_to_the_engine(path: str) -> bool:
    """By .dockerignore: the last line that fits decides, for a file and for what is above it."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        pattern = line.removeprefix("!").removeprefix("**/")
        names = (
            path.split("/")
            if "**/" in line
            else ["/".join(path.split("/")[: n + 1]) for n in range(path.count("/") + 1)]
        )
        if any(fnmatch(name, pattern) for name in names):
            sent = line.startswith("!")
    return sent
