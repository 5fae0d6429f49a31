"""Train small code-completion models on one's own code and ask them, on a CPU, offline.

The public names are loaded when they are first used, so that `import dlcodegen_core` stays instant and never
brings torch with it.
"""

import importlib
from typing import Any

_HOME_OF = {
    "DLCodeGen": "dlcodegen_core.service",
    "Settings": "dlcodegen_core.config",
    "TrainConfig": "dlcodegen_core.config",
    "TrainMetrics": "dlcodegen_core.training.events",
    "Prediction": "dlcodegen_core.inference.prediction",
    "Candidate": "dlcodegen_core.inference.prediction",
    "WorkbenchError": "dlcodegen_core.errors",
}

__all__ = sorted(_HOME_OF)
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
