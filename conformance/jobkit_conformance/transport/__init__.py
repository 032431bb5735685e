"""Proxies and relays between clients and a store."""
