"""Settings: what a row of a table is trained with.

``replications/<paper>/params.yaml`` writes the paper's setting once (``defaults``); every scale and every experiment
only says what it changes::

    resolved = defaults <- scales.<scale> <- experiments.<name> <- experiments.<name>.<scale> <- --set key=value

Each paper types its settings with a frozen :class:`Settings` in ``config.py``; unknown keys are refused.
"""

import copy
import importlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common import paths
from common.errors import UserError, unknown

SCALES = ("quick", "scaled", "paper")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, which a report of hundreds of rows notices
Seed = Annotated[int, Field(ge=0, lt=2**32)]  # what NumPy takes


class Settings(BaseModel):
    """Base of a paper's settings: frozen, no unknown keys, no silent conversions of meaning."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    corpus: str
    seeds: tuple[Seed, ...] = Field(min_length=1)


def papers() -> list[str]:
    """Folder names of the replications in this checkout."""
    return sorted(p.parent.name for p in paths.REPLICATIONS.glob("*/params.yaml"))


def require_paper(paper: str) -> str:
    """``paper`` itself; a UserError with the nearest name if there is no such folder."""
    if paper not in papers():
        raise unknown("paper", paper, papers())
    return paper


def params_file(paper: str) -> Path:
    return paths.REPLICATIONS / require_paper(paper) / "params.yaml"


@lru_cache(maxsize=32)
def _parsed(text: str) -> Any:
    """A report asks for the same settings hundreds of times."""
    return yaml.load(text, Loader=LOADER)


def read_yaml(path: Path) -> Any:
    """The content of a YAML file; a UserError with file and line if it cannot be read."""
    try:
        return copy.deepcopy(_parsed(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise UserError(f"{path}{line}: not valid YAML: {getattr(error, 'problem', error)}") from error


def load_params(paper: str) -> dict:
    """``params.yaml`` as written: ``defaults``, ``scales``, ``experiments``."""
    path = params_file(paper)
    params = read_yaml(path)
    for section in ("defaults", "scales", "experiments"):
        if not isinstance(params, dict) or not isinstance(params.get(section), dict):
            raise UserError(f"{path}: section {section!r} is missing; it needs defaults, scales and experiments")
    return params


def require_scale(scale: str) -> str:
    if scale not in SCALES:
        raise unknown("scale", scale, SCALES)
    return scale


def experiments(paper: str, scale: str) -> list[str]:
    """Names of the experiments that exist at a scale (``scales: [...]`` in an experiment restricts it)."""
    require_scale(scale)
    return [name for name, changes in load_params(paper)["experiments"].items()
            if scale in (changes or {}).get("scales", SCALES)]


def resolve(paper: str, experiment: str, scale: str, overrides: Iterable[str] = ()) -> dict:
    """The settings of one run as a plain dictionary, validated by the paper's ``Config``.

    ``overrides`` are ``key=value`` texts, the value in YAML.

    Raises:
        UserError: unknown paper, experiment, scale or key (with the nearest name), or a value that does not fit.
    """
    require_scale(scale)
    params = load_params(paper)
    if experiment not in params["experiments"]:
        raise unknown("experiment", experiment, params["experiments"], paper)
    changes = dict(params["experiments"][experiment] or {})
    if scale not in changes.pop("scales", SCALES):
        raise UserError(f"{paper}: experiment {experiment!r} has no scale {scale!r}")
    here = {s: changes.pop(s, None) or {} for s in SCALES}[scale]
    settings = params["defaults"] | (params["scales"].get(scale) or {}) | changes | here
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"--set {text}: write key=value")
        try:
            settings[key] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise UserError(f"--set {text}: the value is not valid YAML; quote it if it is text") from error
    return validate(paper, settings, params_file(paper)).model_dump(mode="json")


def validate(paper: str, settings: dict, where: object) -> Settings:
    """The paper's typed settings; a UserError that names each bad key and the nearest good one."""
    config = importlib.import_module(f"replications.{require_paper(paper)}.config").Config
    try:
        return config(**settings)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        if first["type"] == "extra_forbidden":
            raise unknown("key", key, config.model_fields, str(where)) from error
        raise UserError(f"{where}: {key or 'settings'} = {first['input']!r}: {first['msg']}") from error


def paper_setting(paper: str, experiment: str | None = None) -> dict:
    """An experiment at the paper's scale, even if it is not declared there; without one, what all begin from."""
    params = load_params(paper)
    changes = dict(params["experiments"][experiment] or {}) if experiment else {}
    here = {key: changes.pop(key, None) for key in (*SCALES, "scales")}["paper"] or {}
    settings = params["defaults"] | (params["scales"].get("paper") or {}) | changes | here
    return validate(paper, settings, params_file(paper)).model_dump(mode="json")
