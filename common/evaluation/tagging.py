"""What papers measure of a trained tagger: F1 of spans or accuracy of words, by type, and the intents."""

from collections.abc import Callable

from common.metrics.span_f1 import count
from common.training.run import Run
from common.training.tagging import Answer, Tagging, counted


def record_answers(run: Run, seed: int, split: str, answer: Answer) -> None:
    """F1, precision and recall of the spans, or accuracy of tags that mark none, and accuracy of the intents, percent.

    ATIS joins two intents of an utterance by ``#``; ``any_intent`` counts one of them as right.
    """
    gold = getattr(run.corpus, split)
    if answer.tags:
        found = counted(answer.tags, gold, run.corpus.spans)
        for name in ("f1", "precision", "recall") if run.corpus.spans else ():
            run.record(f"{split}/{name}", seed, getattr(found, name))
        words = counted(answer.tags, gold, spans=False)
        run.record(f"{split}/accuracy", seed, words.recall)
        if run.corpus.spans and split == "test":
            run.figures.setdefault("types", {})[str(seed)] = {
                kind: list(each) for kind, each in count(answer.tags, [one.tags for one in gold]).items() if kind
            }
    if answer.intents:
        pairs = list(zip(answer.intents, (one.intent for one in gold), strict=True))
        run.record(f"{split}/intent", seed, 100 * sum(mine == one for mine, one in pairs) / len(pairs))
        shared = sum(bool({*mine.split("#")} & {*one.split("#")}) for mine, one in pairs)
        run.record(f"{split}/any_intent", seed, 100 * shared / len(pairs))


def measure(run: Run, tagger: Callable[[Run, int], Tagging]) -> None:
    """Makes the tagger of each seed, and records what it answers to the validation and the test text."""
    for seed in run.config.seeds:
        with run.seed(seed):
            module = tagger(run, seed)
            for split in ("valid", "test") if run.is_first_process else ():
                record_answers(run, seed, split, module.tag(getattr(run.corpus, split)))
