"""Measurements that print tables. Never part of the tests: a figure is measured, not asserted."""
