"""The only code that speaks SQL: what is agreed, seen, owed and in doubt, and how it came about."""
