"""From nothing to an installed App: the manifest, its permissions, its credentials, and proof of each."""
