"""A real Odoo 19 on demand, from Debian's package, without root and without a system service (docs/adr/0013).

    package   fetched by apt from the unstable suite into folders of its own, unpacked, never installed
    python    a virtual environment of its own, from requirements.txt
    template  a shop, initialised once: a database cluster and a file store, cold
    instance  a copy of the template, running: PostgreSQL and Odoo, until it is taken down

The first three are slow and kept in a cache; each is made whole or not at all. ``scripts/real-odoo`` is the way in.
"""
