"""How a row of the tables comes about: which of the three kinds of experiment it is."""

from dataclasses import dataclass

from common.training import provenance
from common.training.run import Run
from replications.pascanu2013_clipping import data, geometry, natural, synthetic
from replications.pascanu2013_clipping.config import Config

NATURAL = ("music", "characters")


@dataclass(frozen=True)
class Generated:
    """The data of the synthetic tasks: the generators themselves, whose code is in every fingerprint."""

    fingerprint: str


def load_data(config: Config):
    """Music or text; nothing for tasks whose sequences are drawn while the networks learn."""
    if config.task in NATURAL:
        return data.load(config)
    return Generated(provenance.sha256_json({"corpus": config.corpus, "task": config.task}))


def run(run: Run) -> None:
    """Fills in the metrics of one experiment."""
    task = run.config.task
    kind = geometry if task == "geometry" else natural if task in NATURAL else synthetic
    kind.run(run)
