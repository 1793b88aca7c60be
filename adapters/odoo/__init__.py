"""Odoo 17 and later as a till: so far its transports and its errors, see docs/PLAN-odoo.md for what is left."""
