"""Everything that speaks with GitHub as the App; imports ``pipeline``, never the reverse, and no torch."""
