"""Hitpoint: music that lands on the cuts."""


def __getattr__(name: str) -> str:
    """`__version__` is read from manifest.json, the one place it is written, when somebody asks for it."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import json
    import os.path

    with open(os.path.join(os.path.dirname(__file__), "manifest.json"), encoding="utf-8") as manifest:  # noqa: PTH118, PTH120, PTH123
        return str(json.load(manifest)["version"])
