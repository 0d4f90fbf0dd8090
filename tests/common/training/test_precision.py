import pytest
import torch

from common.training.precision import affordable


@pytest.mark.parametrize(("fast", "expected"), [(False, "32-true"), (True, "bf16-mixed")])
def test_mixed_precision_only_where_it_is_fast(monkeypatch, fast, expected):
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: fast)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: fast)
    for accelerator in ("cpu", "cuda"):
        assert affordable("bf16-mixed", accelerator) == expected
        assert affordable("32-true", accelerator) == "32-true"
