"""The smartdownsample plugin for FiftyOne: this file only registers."""


def register(plugin):
    """Registers operators and panel with FiftyOne, which calls this when it loads the plugin."""
    # pytest imports this file when it collects tests, so nothing happens before this call.
    import sys
    from pathlib import Path

    here = Path(__file__).parent
    try:
        import smartdownsample_core as core
    except ImportError:  # not installed: use the copy that the plugin carries
        sys.path.append(str(here))
        import smartdownsample_core as core

    import yaml

    version = str(yaml.safe_load((here / "fiftyone.yml").read_text(encoding="utf-8"))["version"])
    if core.__version__ != version:
        raise ImportError(
            f"this plugin needs smartdownsample-core {version}, but {core.__version__} is "
            f"installed at {Path(core.__file__).parent}: run 'pip install -U {here}', or "
            "'pip uninstall smartdownsample-core' to use the copy that the plugin carries"
        )

    from .plugin.operators import OPERATORS
    from .plugin.panel import PANELS

    for operator in (*OPERATORS, *PANELS):
        plugin.register(operator)
