"""Presentation: maps read a plan and compute nothing."""
