"""Print what the integrations under test need, as pip takes it; Home Assistant has the versions."""

import json
from pathlib import Path

import homeassistant

INTEGRATIONS = ("mqtt", "energy", "stream")  # mqtt loads its cameras, which load stream
OF_VIDEO = ("ha-av", "PyTurboJPEG")  # imported when there is a camera only

COMPONENTS = Path(homeassistant.__file__).parent / "components"


def needs(integration, seen):
    """Yield the requirements of an integration and of all that it depends on."""
    seen.add(integration)
    manifest = json.loads((COMPONENTS / integration / "manifest.json").read_text(encoding="utf-8"))
    yield from manifest.get("requirements", ())
    for other in manifest.get("dependencies", ()):
        if other not in seen:
            yield from needs(other, seen)


if __name__ == "__main__":
    seen = set()
    wanted = [need for each in INTEGRATIONS if each not in seen for need in needs(each, seen)]
    print(*(need for need in wanted if not need.startswith(OF_VIDEO)), sep="\n")  # noqa: T201
