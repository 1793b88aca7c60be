"""Tests on a real Odoo server, and what starts one (docs/adr/0013)."""
