"""Other people's programs against ours: packages used beside it, and the suites of its parents."""
