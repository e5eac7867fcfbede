"""Hitpoint: music that lands on the cuts."""


def __getattr__(name: str) -> str:
    """`__version__` is read from manifest.json, the one place it is written, when somebody asks for it."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import json
    import pathlib

    text = (pathlib.Path(__file__).parent / "manifest.json").read_text(encoding="utf-8")
    return str(json.loads(text)["version"])
