import platform

import pytest
import torch

from common.training.precision import affordable


@pytest.mark.parametrize(
    ("machine", "library", "processor", "expected"),
    [
        ("x86_64", False, False, "32-true"),
        ("x86_64", True, False, "32-true"),  # AVX-512 without bfloat16: emulated
        ("x86_64", True, True, "bf16-mixed"),
        ("aarch64", True, False, "bf16-mixed"),
    ],
)
def test_mixed_precision_only_where_it_is_fast(monkeypatch, machine, library, processor, expected):
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: library)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: processor)
    assert affordable("bf16-mixed", "cpu") == expected
    assert affordable("32-true", "cpu") == "32-true"


@pytest.mark.parametrize(("fast", "expected"), [(False, "32-true"), (True, "bf16-mixed")])
def test_mixed_precision_on_a_gpu_that_has_it(monkeypatch, fast, expected):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: fast)
    assert affordable("bf16-mixed", "cuda") == expected
