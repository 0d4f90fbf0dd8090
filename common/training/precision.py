"""Mixed precision where it is a gain."""

import torch


def has_bfloat16(accelerator: str) -> bool:
    """Whether products of matrices in bfloat16 are fast there; a processor that emulates them takes 30 times longer."""
    if accelerator == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()


def affordable(precision: str, accelerator: str) -> str:
    """``precision`` as wished for, but 32-true instead of bf16-mixed where there is no fast bfloat16."""
    return "32-true" if precision == "bf16-mixed" and not has_bfloat16(accelerator) else precision
