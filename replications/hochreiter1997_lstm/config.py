"""The settings of one row of the tables, typed."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from common.config import Settings

OF_1997 = Literal["reber", "lag_2a", "lag_2b", "lag_2c", "two_3a", "two_3b", "two_3c", "adding", "multiplication"]
Task = Literal[OF_1997, "order_6a", "order_6b", "continual_reber", "continual_order"]
Squashing = Literal["centred", "exchanged", "logistic", "identity"]


class Config(Settings):
    corpus: Literal["generated"]  # sequences are drawn while the networks learn
    task: Task
    length: PositiveInt  # T; p in 2a and 2b, q in 2c
    symbols: PositiveInt  # 2c: p distractor symbols
    informative: PositiveInt  # 3: the first N elements tell the class
    # the network
    cell: Literal["lstm", "elman"]
    blocks: PositiveInt  # memory blocks; hidden units of an Elman network
    size: PositiveInt  # cells in a block
    output_gate: bool
    forget_gate: bool
    state_decay: float = Field(gt=0, le=1)
    recurrent: bool  # hidden units see the hidden units of one step before
    gates_see_gates: bool
    cell_bias: bool
    gate_bias: bool
    output_bias: bool
    outputs_see_inputs: bool
    g: Squashing
    h: Squashing
    # initial weights
    init_range: PositiveFloat
    input_gate_bias: tuple[float, ...] | None  # by block; none: random like the other weights
    output_gate_bias: tuple[float, ...] | None
    forget_gate_bias: tuple[float, ...] | None
    # learning
    lr: PositiveFloat
    update: Literal["sequence", "step", "guess"]  # when the weights change; or draw all anew, and learn nothing (3)
    targets: Literal["sampled", "legal"]  # 1 for the symbol that follows, or for all that may (the Reber grammar)
    errors: Literal["every", "last"]  # at every step that has a target, or at the last one only
    output_slope: bool  # an output's error is multiplied by the slope of its logistic function, as printed
    lr_decay: float = Field(gt=0, le=1)  # per update within a stream
    grow: bool  # cells and gates are added once the outputs alone learn no more
    reset: bool  # states are reset where a string of a stream ends
    # when it is over
    tolerance: PositiveFloat  # a sequence is wrong if an output is further than this from its target
    window: PositiveInt  # the criterion looks at so many of the last sequences
    allowed_wrong: tuple[int, ...]  # of the window, or of the test set that decides; several stages in turn
    mean_error_below: float | None
    check_every: PositiveInt  # sequences between two looks at a test set
    max_sequences: PositiveInt  # then a trial has failed; streams, for streams
    test_sequences: PositiveInt  # symbols or sequences of a test stream, for streams

    @model_validator(mode="after")
    def gates_have_biases(self) -> "Config":
        """One bias per block, and only for gates that exist."""
        gates = {"input_gate_bias": True, "output_gate_bias": self.output_gate, "forget_gate_bias": self.forget_gate}
        for name, exists in gates.items():
            biases = getattr(self, name)
            if biases is not None and self.cell == "lstm":
                if not (exists and self.gate_bias):
                    raise ValueError(f"{name} is given, but these gates do not exist or have no bias; set it to null")
                if len(biases) != self.blocks:
                    raise ValueError(f"{name} has {len(biases)} values; give one for each of the {self.blocks} blocks")
        if self.targets == "legal" and not self.task.endswith("reber"):
            raise ValueError(f"targets: legal, but {self.task} has no symbols that may follow; set it to sampled")
        if self.update == "guess" and not self.task.startswith("two"):
            raise ValueError(
                f"update: guess is for the tasks two_3a to two_3c, not for {self.task}; set it to sequence"
            )
        return self
