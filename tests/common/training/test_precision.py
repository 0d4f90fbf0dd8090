import pytest

from common.training import precision
from common.training.precision import affordable


@pytest.mark.parametrize(("fast", "accelerator", "expected"), [
    (False, "cpu", "32-true"), (True, "cpu", "bf16-mixed"), (False, "cuda", "bf16-mixed"),
])
def test_mixed_precision_only_where_it_is_fast(monkeypatch, fast, accelerator, expected):
    monkeypatch.setattr(precision.torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: fast)
    assert affordable("bf16-mixed", accelerator) == expected
    assert affordable("32-true", accelerator) == "32-true"
