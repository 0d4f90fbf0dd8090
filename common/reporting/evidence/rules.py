"""The kinds of rule that decide a claim, as ``paper.yaml`` writes them."""

from typing import Annotated, Any, Literal, Union

import pydantic

Direction = Literal["lower", "higher"]
Pairing = Literal["seed", "none"]  # "none": the trials of the two sides have nothing in common


class Entry(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")


class Term(Entry):
    """One measured quantity: an experiment's metric, or with ``over`` what it has more than another of its metrics."""

    experiment: str
    metric: str
    over: str | None = None

    @property
    def quantity(self) -> str:
        return f"{self.metric} over {self.over}" if self.over else self.metric


class Contrast(Entry):
    """A rule on several sides; ``metric`` is that of the sides that name an experiment only."""

    metric: str | None = None
    paired_by: Pairing = "seed"


class Compare(Contrast):
    """The effect ``A - B`` has the expected sign."""

    compare: tuple[str | Term, str | Term]
    expect: Direction


class Order(Contrast):
    """``A < B < C`` (``expect: lower``): every adjacent difference is decided by itself."""

    order: Annotated[tuple[str | Term, ...], pydantic.Field(min_length=2)]
    expect: Direction


class Ratio(Contrast):
    """``A / B`` is at most, or at least, a number."""

    ratio: tuple[str | Term, str | Term]
    at_most: Annotated[float, pydantic.Field(gt=0)] | None = None
    at_least: Annotated[float, pydantic.Field(gt=0)] | None = None

    @pydantic.model_validator(mode="after")
    def one_bound(self) -> "Ratio":
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("a ratio needs exactly one of at_most and at_least")
        return self


class Value(Entry):
    """A quantity beside a number: the published one with an absolute ``tolerance``, or a bound.

    With ``published``, what is ``better`` holds too; without ``better`` both sides are worse: the number itself is
    the claim. With ``at_most`` or ``at_least`` the whole interval must lie on that side.
    """

    value: Term
    published: float | None = None
    tolerance: Annotated[float, pydantic.Field(ge=0)] | None = None
    better: Direction | None = None
    at_most: float | None = None
    at_least: float | None = None

    @pydantic.model_validator(mode="after")
    def one_number(self) -> "Value":
        if sum(number is not None for number in (self.published, self.at_most, self.at_least)) != 1:
            raise ValueError("a value needs exactly one of published, at_most and at_least")
        if (self.published is None) != (self.tolerance is None):
            raise ValueError("a published number needs a tolerance, and a bound has none")
        return self


class All(Entry):
    all: Annotated[tuple["Rule", ...], pydantic.Field(min_length=1)]


KINDS = {"compare": Compare, "order": Order, "ratio": Ratio, "value": Value, "all": All}


def _kind(rule: Any) -> str | None:
    """The tag of a rule: the key that names its kind, in words that no path in the file contains."""
    for kind, model in KINDS.items():
        if kind in rule if isinstance(rule, dict) else isinstance(rule, model):
            return f"{kind} rule"
    return None


Rule = Annotated[
    Union[tuple(Annotated[model, pydantic.Tag(f"{kind} rule")] for kind, model in KINDS.items())],
    pydantic.Discriminator(
        _kind, custom_error_type="rule_kind", custom_error_message=f"a rule needs one of the keys {', '.join(KINDS)}"
    ),
]
All.model_rebuild()


def rules(rule: Entry) -> list[Entry]:
    """``rule`` itself, or the rules inside an ``all``."""
    return [one for inner in rule.all for one in rules(inner)] if isinstance(rule, All) else [rule]


def terms(rule: Entry) -> list[Term]:
    """Every experiment and metric that ``rule`` reads, in the order in which it names them."""
    match rule:
        case Value(value=value):
            return [value]
        case All(all=inner):
            return [one for part in inner for one in terms(part)]
        case Compare(compare=sides) | Order(order=sides) | Ratio(ratio=sides):
            metric = rule.metric or ""
            return [side if isinstance(side, Term) else Term(experiment=side, metric=metric) for side in sides]
    raise TypeError(rule)


def experiments(rule: Entry) -> list[str]:
    """Every experiment that ``rule`` reads, once."""
    return list(dict.fromkeys(one.experiment for one in terms(rule)))
