"""Mixed precision where it is a gain."""

import platform

import torch


def has_bfloat16(accelerator: str) -> bool:
    """Whether products of matrices in bfloat16 are fast there; a processor that emulates them takes 30 times longer."""
    if accelerator == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if platform.machine().lower() in ("x86_64", "amd64") and not torch.cpu._is_avx512_bf16_supported():
        return False  # the library below says yes to every AVX-512, and emulates
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()


def affordable(precision: str, accelerator: str) -> str:
    """``precision`` as wished for, but 32-true instead of bf16-mixed where there is no fast bfloat16."""
    return "32-true" if precision == "bf16-mixed" and not has_bfloat16(accelerator) else precision
