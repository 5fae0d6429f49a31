"""How good a version is on pairs it may never have seen."""
