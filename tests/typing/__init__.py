"""The public API as a type checker sees it; read by mypy and pyright, never run."""
