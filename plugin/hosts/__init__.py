"""Bridges to video editors: one small protocol, one module a host."""
