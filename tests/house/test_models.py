"""Rules about tables: what refers to what, and in which direction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import models
from tests.house.tree import floors


def upward(models_seen: Iterable[type[models.Model]], floor: dict[str, int]) -> list[str]:
    """Foreign keys to a context that is higher, or beside."""
    found = []
    for model in models_seen:
        here = model._meta.app_label
        for field in model._meta.get_fields():
            target: Any = getattr(field, "related_model", None)
            is_key = isinstance(field, models.ForeignKey | models.ManyToManyField)
            if not is_key or here not in floor or target is None:
                continue
            there = target._meta.app_label
            if there in floor and there != here and floor[there] >= floor[here]:
                found.append(f"{model.__name__}.{field.name} points up to {there}")
    return found


def test_foreign_keys_point_down() -> None:
    assert upward(apps.get_models(), floors()) == []


def test_a_key_that_points_up_is_seen() -> None:
    floor = floors()
    upside_down = {name: -height for name, height in floor.items()}
    assert upward(apps.get_models(), upside_down)


def test_every_model_says_what_it_is() -> None:
    ours = [m for m in apps.get_models() if m.__module__.startswith("waya.")]
    dumb = [m.__name__ for m in ours if m.__str__ is models.Model.__str__]
    assert dumb == []
