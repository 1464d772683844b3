"""Parts of the cycle: how a step is shown, the model server, the shelf of adapters, the lock of a retraining."""
