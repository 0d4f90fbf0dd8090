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
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from common import paths
from common.errors import UserError, unknown

SCALES = ("quick", "scaled", "paper")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, which a report of hundreds of rows notices
MOST_SEEDS = 10_000  # of a range
Seed = Annotated[int, Field(ge=0, lt=2**32)]  # what NumPy takes


class Settings(BaseModel):
    """Base of a paper's settings: frozen, no unknown keys, no silent conversions of meaning."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    corpus: str
    seeds: tuple[Seed, ...] = Field(min_length=1)

    @field_validator("seeds", mode="before")
    @classmethod
    def _a_range_is_a_list(cls, value: Any) -> Any:
        return numbers(value) if isinstance(value, str) else value

    @field_validator("seeds")
    @classmethod
    def _none_counts_twice(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds):
            raise ValueError("a seed stands there twice; name each once")
        return seeds


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
    if (tree := yaml.compose(text, LOADER)) is not None:
        _refuse_twice(tree)
    return yaml.load(text, LOADER)


def _refuse_twice(node: yaml.Node) -> None:
    """No key of a mapping twice: PyYAML lets the last one win, and DVC does not read the file."""
    seen = set()
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if str(key.value) in seen:
            raise yaml.MarkedYAMLError(problem=f"{key.value!r} stands twice", problem_mark=key.start_mark)
        seen.add(str(key.value))
        _refuse_twice(value)
    for one in node.value if isinstance(node, yaml.SequenceNode) else ():
        _refuse_twice(one)


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
    for section in ("scales", "experiments"):
        for name, changes in params[section].items():
            where = f"{path}: {section}.{name}"
            if section == "scales" and name not in SCALES:
                raise unknown("scale", str(name), SCALES, str(path))
            parts = changes if isinstance(changes, dict) else {}
            wrong = [changes, *(parts.get(scale) for scale in SCALES)]
            if not all(part is None or isinstance(part, dict) for part in wrong):
                raise UserError(f"{where}: settings are lines of 'key: value'; write them so, or nothing")
            chosen = parts.get("scales", [])
            if not isinstance(chosen, list):
                raise UserError(f"{where}.scales: write a list, such as [scaled, paper]")
            if strange := [one for one in chosen if one not in SCALES]:
                raise unknown("scale", str(strange[0]), SCALES, f"{where}.scales")
    return params


def require_scale(scale: str) -> str:
    if scale not in SCALES:
        raise unknown("scale", scale, SCALES)
    return scale


def experiments(paper: str, scale: str) -> list[str]:
    """Names of the experiments that exist at a scale (``scales: [...]`` in an experiment restricts it)."""
    require_scale(scale)
    return [
        name
        for name, changes in load_params(paper)["experiments"].items()
        if scale in (changes or {}).get("scales", SCALES)
    ]


def resolve(paper: str, experiment: str, scale: str, overrides: Iterable[str] = ()) -> dict:
    """The settings of one run as a plain dictionary, validated by the paper's ``Config``.

    ``overrides`` are ``key=value`` texts, the value in YAML; where a setting is a text, such as a path, as it stands.

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
    blame = {}
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals:
            raise UserError(f"--set {text}: write key=value")
        field = _typed(paper).model_fields.get(key)
        try:
            as_it_stands = field and _is_text(field.annotation) and value[:1] not in ("", "'", '"') and value != "null"
            settings[key] = value if as_it_stands else yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise UserError(f"--set {text}: the value is not valid YAML; quote it if it is text") from error
        blame[key] = f"--set {text}"
    return validate(paper, settings, params_file(paper), blame).model_dump(mode="json")


def parse_seeds(texts: Iterable[str]) -> list[int]:
    """``--seeds`` as people type it: given several times, or with commas or blanks between."""
    try:
        return [one for text in texts for one in numbers(text)]
    except ValueError:
        raise UserError(f"--seeds {' '.join(texts)}: give whole numbers, such as 1,2,3 or 1-3") from None


def numbers(text: str) -> list[int]:
    """``1, 2 5-7`` as [1, 2, 5, 6, 7]; a ValueError if something else stands there."""
    ends = [[int(end) for end in part.split("-")] for part in text.replace(",", " ").split()]
    if any(len(pair) > 2 or not 0 <= pair[-1] - pair[0] < MOST_SEEDS for pair in ends):
        raise ValueError(f"{text!r}: write numbers such as 1,2,3 or 1-3")
    return [one for pair in ends for one in range(pair[0], pair[-1] + 1)]


def _typed(paper: str) -> type[Settings]:
    return importlib.import_module(f"replications.{require_paper(paper)}.config").Config


def _is_text(annotation: Any) -> bool:
    """Whether a setting of this type is one text, perhaps of a few or none."""
    if get_origin(annotation) in (Union, UnionType):
        return any(map(_is_text, get_args(annotation)))
    return annotation is str or get_origin(annotation) is Literal and isinstance(get_args(annotation)[0], str)


def validate(paper: str, settings: dict, where: object, blame: dict[str, str] | None = None) -> Settings:
    """The paper's typed settings; a UserError that names a bad key and the nearest good one.

    ``where`` the settings are written; ``blame`` names another place for some of them.
    """
    config, blame = _typed(paper), blame or {}
    try:
        return config(**settings)
    except ValidationError as error:
        found = error.errors()
        first = next((one for one in found if one["loc"] and one["loc"][0] in blame), found[0])
        key = ".".join(map(str, first["loc"]))
        where = blame.get(first["loc"][0], where) if key else ", ".join(blame.values()) or where
        if first["type"] == "extra_forbidden":
            raise unknown("key", key, config.model_fields, str(where)) from error
        value = f"{key} = {first['input']!r}: " if key else ""
        raise UserError(f"{where}: {value}{first['msg']}") from error


def paper_setting(paper: str, experiment: str | None = None) -> dict:
    """An experiment at the paper's scale, even if it is not declared there; without one, what all begin from."""
    params = load_params(paper)
    changes = dict(params["experiments"][experiment] or {}) if experiment else {}
    here = {key: changes.pop(key, None) for key in (*SCALES, "scales")}["paper"] or {}
    settings = params["defaults"] | (params["scales"].get("paper") or {}) | changes | here
    return validate(paper, settings, params_file(paper)).model_dump(mode="json")
