"""The composition root: the only module that builds concrete stores, adapters and the engine, and joins them.

Front ends ask it for services; nothing else imports it.
"""
