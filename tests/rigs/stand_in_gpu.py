"""Imported where torch is ─► a device "gpu" that is as strict as a real one, on any machine.

Its tensors are held and computed by the processor, but torch and notebooks see another device:
tensors of two devices meet in no operation, and numpy reads none. What a real GPU would do silently
and otherwise is refused, too: drawing random numbers on it, which are others than those that the
same seed gives on a CPU. Products of matrices are summed in double precision, so that their last
digits are others, as they are on a GPU.

It shows nothing of speed, of memory, or of operations that CUDA lacks.

See https://docs.pytorch.org/docs/stable/notes/extending.html#extending-torch-native-api for what it
is made with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch.utils._python_dispatch import return_and_correct_aliasing
from torch.utils._pytree import tree_map_only
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "gpu"
_setup_privateuseone_for_python_backend(NAME)
DEVICE = torch.device(NAME, 0)
# A module that is moved keeps its parameters, as on a GPU: others may hold them, too.
torch.__future__.set_swap_module_params_on_conversion(True)
# A thread for the device's gradients could outlive the interpreter.
torch.autograd.set_multithreading_enabled(False)

aten = torch.ops.aten
INDEXING = {
    aten.index.Tensor,
    aten.index_put.default,
    aten.index_put_.default,
    aten._index_put_impl_.default,
    aten._unsafe_index.Tensor,
    aten._unsafe_index_put.default,
}
PRODUCTS = {aten.mm.default, aten.bmm.default, aten.addmm.default, aten.baddbmm.default}
FACTORIES = ("arange", "eye", "linspace", "logspace", "tril_indices", "triu_indices")


class OtherDeviceError(RuntimeError):
    """What a GPU would refuse, or would do otherwise than a CPU."""


class GpuTensor(torch.Tensor):
    """A tensor that says it is on the stand-in; `held` has its values, on the CPU."""

    held: torch.Tensor
    # What torch's own subclasses say to be spared a second dispatch; its stubs do not know it.
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> GpuTensor:
        """Put a tensor of the CPU on the stand-in, without a copy."""
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=DEVICE,
        )
        made.held = held
        return made

    def __repr__(  # type: ignore[override]  # torch's is untyped
        self, *, tensor_contents: Any = None
    ) -> str:
        """Show its values, and where it is."""
        return f"{_held(self)!r} on {DEVICE}"

    def __format__(self, spec: str) -> str:
        """Write a number as a plain tensor does."""
        return format(self.item() if self.ndim == 0 else str(self), spec)

    def tolist(self) -> Any:
        """Give its values as numbers."""
        return _held(self).tolist()

    def numpy(self, *, force: bool = False) -> Any:
        """Refuse, as every tensor on a GPU does."""
        if force:
            return _held(self).numpy()
        raise OtherDeviceError(f"numpy cannot read a tensor on {DEVICE}; use .cpu() first")

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # torch leaves out what is not given
        cls,
        operation: Any,
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Carry out an operation that touches the stand-in."""
        given = dict(kwargs or {})
        if operation is aten._to_copy.default:
            return _move(args[0], **given)
        if operation is aten.copy_.default:
            return _copy(args[0], args[1])
        _refuse_what_differs(operation, args, given)
        here, how = tree_map_only(GpuTensor, lambda each: each.held, (args, given))
        if "device" in how:
            how["device"] = "cpu"
        made = _product(operation, here, how) if operation in PRODUCTS else operation(*here, **how)
        made = tree_map_only(torch.Tensor, GpuTensor, made)
        return return_and_correct_aliasing(  # type: ignore[no-untyped-call]  # of torch
            operation, args, given, made
        )


def _held(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.held if isinstance(tensor, GpuTensor) else tensor


def _move(source: torch.Tensor, *, device: Any = None, **how: Any) -> torch.Tensor:
    """Convert a tensor, to another device, too."""
    there = isinstance(source, GpuTensor) if device is None else device.type == NAME
    held = aten._to_copy.default(_held(source), device="cpu", **how)
    return GpuTensor(held) if there else held


def _copy(target: torch.Tensor, source: torch.Tensor, _: bool = False) -> torch.Tensor:
    _held(target).copy_(_held(source))
    return target


def _product(operation: Any, here: tuple[Any, ...], how: Mapping[str, Any]) -> torch.Tensor:
    """Multiply matrices with other last digits than a CPU's."""
    kind = here[-1].dtype
    if kind is torch.float32:
        here = tree_map_only(torch.Tensor, torch.Tensor.double, here)
    made: torch.Tensor = operation(*here, **how)
    return made.to(kind)


def _refuse_what_differs(operation: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """Refuse what a GPU refuses, and random numbers."""
    if operation is aten.native_dropout.default or any(
        each.name == "generator" for each in operation._schema.arguments
    ):
        raise OtherDeviceError(
            f"{operation} draws on {DEVICE} other numbers than on a CPU: draw there, then move them"
        )
    for tensor in _tensors(args, kwargs):
        if isinstance(tensor, GpuTensor):
            continue
        if operation in INDEXING and isinstance(args[0], GpuTensor):
            if tensor.ndim == 0 or any(tensor is index for index in args[1]):
                continue
        elif tensor.ndim == 0 and torch.Tag.pointwise in operation.tags:
            continue
        raise OtherDeviceError(
            f"{operation} was given tensors on {DEVICE} and on {tensor.device}"
            f" (of shape {tuple(tensor.shape)})"
        )


def _tensors(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Iterator[torch.Tensor]:
    for value in (*args, *kwargs.values()):
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from (each for each in value if isinstance(each, torch.Tensor))


def _empty(size: Any, *, dtype: Any = None, device: Any = None, **how: Any) -> torch.Tensor:
    return GpuTensor(torch.empty(size, dtype=dtype))


def _empty_strided(size: Any, stride: Any, *, dtype: Any = None, **how: Any) -> torch.Tensor:
    return GpuTensor(torch.empty_strided(size, stride, dtype=dtype))


def _made_here(operation: Any) -> Callable[..., torch.Tensor]:
    """Give what makes a tensor on the stand-in, where torch would grow an empty one."""

    def make(*args: Any, device: Any = None, pin_memory: Any = None, **how: Any) -> torch.Tensor:
        return GpuTensor(operation(*args, device="cpu", **how))

    return make


_kernels: Any = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]  # of torch
_kernels.impl("empty.memory_format", _empty, "PrivateUse1")
_kernels.impl("empty_strided", _empty_strided, "PrivateUse1")
_kernels.impl("_copy_from", lambda source, target, _=False: _copy(target, source), "PrivateUse1")
for packet in (getattr(aten, name) for name in FACTORIES):
    for overload in (getattr(packet, name) for name in packet.overloads()):
        if not overload._schema.is_mutable and not overload._schema.name.endswith("Tensor"):
            name = overload.name().removeprefix("aten::")
            _kernels.impl(name, _made_here(overload), "PrivateUse1")
