from __future__ import annotations

import pytest

from parley_providers.errors import NoModelError
from parley_providers.models.catalog import HttpSource, RegistrySource, load_catalog

CATALOG = load_catalog()


def test_every_model_names_an_official_source_first_and_a_mirror_second() -> None:
    """Official first, registry second, for every model that is shipped."""
    kinds = [[type(source) for source in model.sources] for model in CATALOG.models]
    assert kinds == [[HttpSource, RegistrySource]] * len(CATALOG.models)


def test_every_official_source_is_https() -> None:
    """No model is fetched in the clear."""
    urls = [source.url for model in CATALOG.models for source in model.sources if isinstance(source, HttpSource)]
    assert [url for url in urls if not url.startswith("https://")] == []


def test_parts_add_up_to_the_model() -> None:
    """A mirror's whole parts are shorter than the model, and with the last one at least as long."""
    for model in CATALOG.models:
        for source in model.sources:
            if isinstance(source, RegistrySource):
                assert (source.parts - 1) * source.part_bytes < model.size_bytes <= source.parts * source.part_bytes


def test_the_default_is_in_the_catalog() -> None:
    """What is recommended can be had."""
    assert CATALOG.find(CATALOG.default) is not None


def test_a_model_is_found_with_and_without_its_provider() -> None:
    """`embedded/` before the name changes nothing."""
    assert CATALOG.get("embedded/smollm2-135m") is CATALOG.get("smollm2-135m")


def test_an_unknown_model_is_refused_with_the_nearest_name() -> None:
    """A slip of the finger gets the right name."""
    with pytest.raises(NoModelError, match=r"No model is called 'qwen2.5-coder-05b'. Did you mean qwen2.5-coder-0.5b"):
        CATALOG.get("qwen2.5-coder-05b")
