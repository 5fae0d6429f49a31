"""Trains the sequence model within a time budget: network, gate and calibration."""
