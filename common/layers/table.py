"""A matrix with a row per word: on one device, or its rows sharded over all processes of a training.

With 793,471 words, the tables of a large language model are most of its parameters, yet an update touches only the
rows of a few thousand words. On one device the gradient is therefore sparse. On several, torch's DTensor keeps a part
of the rows, of their gradient and of the optimiser's state on each device, and moves only the rows that are looked up.
"""

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.tensor import DTensor, Partial, Replicate, Shard, distribute_tensor
from torch.nn import functional as F

torch.sparse.check_sparse_tensor_invariants.disable()  # as it is, but without the warning at the first sparse gradient


class _ScaleGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx, values, factor):
        ctx.factor = factor
        return values.view_as(values)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        return gradient * ctx.factor, None


def scale_gradient(values: Tensor, factor: float) -> Tensor:
    """The values as they are; their gradient is multiplied by ``factor``."""
    return values if factor == 1.0 else _ScaleGradient.apply(values, factor)


def whole(tensor: Tensor) -> Tensor:
    """All of a tensor that may be sharded; every process has to ask.

    Its parts may be on the CPU while the processes talk through their GPUs; the whole is then on the CPU too.
    """
    if not isinstance(tensor, DTensor):
        return tensor
    mesh, part = tensor.device_mesh, tensor.to_local()
    found = DTensor.from_local(
        part.to(mesh.device_type), mesh, tensor.placements, run_check=False, shape=tensor.shape, stride=tensor.stride()
    )
    return found.full_tensor().to(part.device)


class Table(nn.Module):
    """``weight [V, E]``, read by row."""

    def __init__(self, words: int, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(words, width))
        self.mesh: DeviceMesh | None = None

    def shard(self, mesh: DeviceMesh) -> None:
        """Every process keeps its part of the rows from here on; all of them call this, with the same weights."""
        self.mesh = mesh
        self.weight = nn.Parameter(distribute_tensor(self.weight.detach(), mesh, [Shard(0)]))

    def gather(self) -> None:
        """Every process has all rows again."""
        if self.mesh is not None:
            self.weight, self.mesh = nn.Parameter(whole(self.weight.detach())), None

    def local(self) -> Tensor:
        """The rows that this process keeps."""
        return self.weight if self.mesh is None else self.weight.to_local()

    def forward(self, words: Tensor, shared: bool = False) -> Tensor:
        """Rows of words ``[n]``: ``[n, E]``.

        Of a sharded table, each process asks for the rows of its own words, equally many, or all for the same ones
        (``shared``). The gradient is the mean of what the processes contribute, as of any other weight under DDP.
        """
        if self.mesh is None:
            return F.embedding(words, self.weight, sparse=True)
        asked = DTensor.from_local(words, self.mesh, [Replicate() if shared else Shard(0)], run_check=False)
        rows = F.embedding(asked.redistribute(placements=[Replicate()]), self.weight)
        rows = rows.redistribute(placements=[Shard(0)])
        if shared:  # each process adds its part to the gradient
            rows = rows.redistribute(placements=[Replicate()]).to_local(grad_placements=[Partial()])
        else:
            rows = rows.to_local()
        return scale_gradient(rows, 1 / self.mesh.size())
