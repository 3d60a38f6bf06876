"""Which pages are there? Those that `tests/web/screenshots.py` draws: whoever looks at all pages looks at these."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

_FILE = Path(__file__).resolve().parents[1] / "web" / "screenshots.py"


def drawn_pages() -> ModuleType:
    """Its `PAGES`, who looks at them, and how one is opened."""
    if "screenshots" not in sys.modules:
        spec = importlib.util.spec_from_file_location("screenshots", _FILE)
        assert spec is not None
        assert spec.loader is not None
        found = importlib.util.module_from_spec(spec)
        sys.modules["screenshots"] = found
        spec.loader.exec_module(found)
    return sys.modules["screenshots"]
