"""The composition root: builds concrete stores, adapters and the engine, and joins them; `named` builds some for it.

Reading order: `services`, `layers`, `models`, `keeping`, `routing`, `looking`. Front ends ask it for services; nothing
else imports it.
"""

from parley_server.app.keeping import (
    call_records,
    default_event_file,
    is_event_file,
    model_store,
    open_call_store,
    open_event_store,
    project_at,
    salvaged_events,
    trust_store,
)
from parley_server.app.looking import choose_model, look_at_everything, models_overview
from parley_server.app.models import (
    build_access,
    build_chain,
    build_embedded,
    build_scripted_chain,
    catalog,
    current_settings,
)
from parley_server.app.services import build_application

__all__ = [
    "build_access",
    "build_application",
    "build_chain",
    "build_embedded",
    "build_scripted_chain",
    "call_records",
    "catalog",
    "choose_model",
    "current_settings",
    "default_event_file",
    "is_event_file",
    "look_at_everything",
    "model_store",
    "models_overview",
    "open_call_store",
    "open_event_store",
    "project_at",
    "salvaged_events",
    "trust_store",
]
