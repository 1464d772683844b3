"""Progress: how a run stands (``course``, ``snapshot``), shown on stderr, and written down (``watch``) for others."""
