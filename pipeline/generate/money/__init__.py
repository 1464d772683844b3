"""Money: what is spent (``ledger``), what runs and costs (``meter``), how far it goes (``budget``, ``forecast``)."""
