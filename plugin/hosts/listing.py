"""Every host as `hitpoint hosts`, `doctor` and the panel list them."""

from __future__ import annotations

from typing import Any

from ...runtime.errors import HitpointError
from . import installing, known


def listed() -> dict[str, Any]:
    warnings: list[str] = []
    rows = []
    for host in known.KNOWN:
        installed = None
        if launcher := installing.has_launcher(host.name):
            try:
                receipt = installing.installed(host.name)
            except HitpointError as error:
                warnings.append(str(error))
                receipt = None
            if receipt is not None:
                folders = list(dict.fromkeys(str(file.path.parent) for file in receipt.files))
                trouble = installing.trouble(receipt)
                installed = {"version": receipt.version, "folders": folders, "trouble": trouble}
                warnings += [f"{host.name}: the launcher: {trouble}"] if trouble else []
        rows.append(
            {
                "name": host.name,
                "other_names": list(host.other_names),
                "title": host.title,
                "kind": host.kind,
                "formats": list(host.formats),
                "seen": known.seen(host),
                "launcher": launcher,
                "installed": installed,
                "cannot": dict(host.cannot),
                "tested": host.tested,
                "how": host.how,
            }
        )
    return {"hosts": rows, "warnings": warnings}
