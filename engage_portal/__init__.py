"""Engage Portal: stands between a retailer's tills and web shop and Voyado Engage."""

__version__ = "0.1.0"
