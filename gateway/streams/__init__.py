"""Subscriptions over WebSocket and SSE: opened, rendered once for all who share, limited."""
