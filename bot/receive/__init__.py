"""Deliveries: verified, durable before the answer, none lost, none handled twice."""
