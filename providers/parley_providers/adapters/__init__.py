"""One module per wire format; each maps it to the normalised model and its faults to `parley_providers.errors`.

Reading order: any one; none imports another's vendor.
"""
