"""Adapters: one module or package a system; names come from entry points, classes are imported when first used."""
