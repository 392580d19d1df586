"""Which tensor of a file belongs where in a network, decided by names and shapes alone.

Training programs put their own names before a network's (``module.``, ``model.backbone.``) and beside
it (``criterion.pos_weight``), and give its last layer other names. All that is read. What a network
lacks, and what it has no place for, is another network's and refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from torch import nn

from models.contract import EntryUnavailable
from models.finetune.networks import Network, State
from models.finetune.weight_files import is_ema, listed

_WRAPPERS = frozenset({"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"})
"""What DataParallel, torch.compile and FSDP put between names."""
_HEADS = frozenset(
    {
        *("fc", "cls", "classifier", "classif", "head", "heads", "last_linear", "linear"),
        *("logits", "output", "out", "dense", "final", "top"),
    }
)
_MOST_OF_A_HEAD = 12
"""Tensors under the name of a head beyond which it is no last layer, but a network of its own."""
_LOSSES = frozenset({"criterion", "loss", "loss_fn", "loss_func", "loss_function", "pos_weight"})
_MOST = 3
"""Names in a message: enough to see how they differ, few enough for a line."""
_SAME_ARCHITECTURE = "Give the state dict of the same architecture (`harness models NAME` names it)."


@dataclass(frozen=True, slots=True)
class Match:
    """Where a network's tensors are in a file: `names` maps its names to the file's.

    `head` is the file's name for the last layer that is taken, "" where that stays random; `passed_over`
    are tensors beside the network.
    """

    names: Mapping[str, str]
    prefix: str = ""
    head: str = ""
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    """What a network has places for: its tensors, those of its last layer, and buffers it makes itself."""

    tensors: State
    head: str
    own: frozenset[str]
    body: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        body = (name for name in self.tensors if not name.startswith(f"{self.head}."))
        needed = tuple(name for name in body if not name.endswith("num_batches_tracked"))
        object.__setattr__(self, "body", needed)


def match(network: Network, given: State, source: str, others: Iterable[str] = ()) -> Match:
    """Find a place for every tensor; raises `EntryUnavailable` where the network is another one.

    `others` names the other parts of the file, for the hint. Missing `num_batches_tracked` (files older
    than PyTorch 0.4.1) stay zero.
    """
    module: nn.Module = network.module
    state = module.state_dict()
    own = frozenset(name for name, _ in module.named_buffers() if name not in state)
    wanted = _Wanted(state, network.head, own)
    names = _unwrapped(given, wanted)
    prefix = _prefix(names, given, wanted, source)
    inside = {name.removeprefix(prefix): held for name, held in names.items() if name.startswith(prefix)}
    head = _head(names, prefix, given, wanted)
    strange = _strange(inside, given, wanted)
    lacks = _lacks(inside, given, wanted, strange)
    if lacks:
        raise _misfit(network, given, source, lacks, tuple(others))
    taken = {name: inside[name] for name in wanted.tensors if name in inside and not _in_head(name, wanted)}
    taken |= {f"{wanted.head}.{last}": held for last, held in head.items()}
    return Match(taken, prefix, _stem(head), _passed_over(names, prefix, set(taken.values())))


def _passed_over(names: Mapping[str, str], prefix: str, taken: set[str]) -> tuple[str, ...]:
    """The file's tensors beside the network: of other parts of a training program, and of its loss."""
    return tuple(
        held
        for name, held in names.items()
        if held not in taken
        and (not name.startswith(prefix) or name.removeprefix(prefix).partition(".")[0] in _LOSSES)
    )


def _in_head(name: str, wanted: _Wanted) -> bool:
    return name.startswith(f"{wanted.head}.")


def _unwrapped(given: State, wanted: _Wanted) -> dict[str, str]:
    """The file's names without what wrappers put between them, and as they stand in the file."""
    ours = {part for name in wanted.tensors for part in name.split(".")}
    dropped = _WRAPPERS - ours
    names = {".".join(part for part in name.split(".") if part not in dropped): name for name in given}
    return names if len(names) == len(given) else {name: name for name in given}


def _prefix(names: Mapping[str, str], given: State, wanted: _Wanted, source: str) -> str:
    """What stands before the network's names: where all of it is found, else where the most is."""
    found: Counter[str] = Counter()
    body = set(wanted.body)
    for name, held in names.items():
        for start in _starts(name):
            one = name[start:]
            if one in body and given[held].shape == wanted.tensors[one].shape:
                found[name[:start]] += 1
    whole = [prefix for prefix, count in found.items() if count == len(body)]
    choices = [prefix for prefix in whole if is_ema(prefix)] or [one for one in whole if not one] or whole
    if len(choices) > 1:
        there = sorted(one.rstrip(".") for one in choices)
        raise EntryUnavailable(
            f"{source} holds this network more than once: {listed(there)}",
            f"Say which: --weights FILE#{there[0]}",
        )
    return choices[0] if choices else max(found, key=lambda one: (found[one], -len(one)), default="")


def _starts(name: str) -> list[int]:
    """Where a part of a dotted name begins."""
    return [0, *(at + 1 for at, letter in enumerate(name) if letter == ".")]


def _head(names: Mapping[str, str], prefix: str, given: State, wanted: _Wanted) -> dict[str, str]:
    """The last layer in the file that fits ours: its tensors' last names and the file's names.

    Ours is taken before one of another name; where two others fit, nobody knows which, and neither is.
    """
    shapes = {
        name.removeprefix(f"{wanted.head}."): one.shape
        for name, one in wanted.tensors.items()
        if _in_head(name, wanted)
    }
    fits = []
    for stem in dict.fromkeys(name.rpartition(".")[0] for name in names):
        layer = {last: names.get(f"{stem}.{last}", "") for last in shapes}
        if all(held and given[held].shape == shapes[last] for last, held in layer.items()):
            if stem == prefix + wanted.head:
                return layer
            if _may_be_head(stem, prefix, wanted):
                fits.append(layer)
    return fits[0] if len(fits) == 1 else {}


def _may_be_head(stem: str, prefix: str, wanted: _Wanted) -> bool:
    """Whether a layer of this name is none of the network's own others."""
    return not stem.startswith(prefix) or _is_head(stem.removeprefix(prefix), wanted)


def _is_head(name: str, wanted: _Wanted) -> bool:
    return name.partition(".")[0] in _HEADS or _in_head(f"{name}.", wanted)


def _strange(inside: Mapping[str, str], given: State, wanted: _Wanted) -> list[str]:
    """The file's tensors for which this network has no place, beyond a last layer of its own."""
    left = [name for name in inside if name not in wanted.tensors and name not in wanted.own]
    left = [name for name in left if name.partition(".")[0] not in _LOSSES]
    head = [name for name in left if _is_head(name, wanted)]
    flat = all(max(given[inside[name]].shape[2:], default=1) == 1 for name in head)
    return [name for name in left if name not in head] if flat and len(head) <= _MOST_OF_A_HEAD else left


def _lacks(inside: Mapping[str, str], given: State, wanted: _Wanted, strange: list[str]) -> list[str]:
    """What does not fit, each in a few words; nothing where all does."""
    missing = [name for name in wanted.body if name not in inside]
    wrong = [
        f"{name} {tuple(given[inside[name]].shape)} instead of {tuple(wanted.tensors[name].shape)}"
        for name in wanted.body
        if name in inside and given[inside[name]].shape != wanted.tensors[name].shape
    ]
    near = f"; near them the network has {listed(_near(strange, wanted), 2)}" if strange else ""
    told = (
        (f"missing in the file are {len(missing)} of the network's {len(wanted.body)} tensors", missing, ""),
        (f"without a place in the network are {len(strange)} of the file's {len(given)}", strange, near),
        (f"of another shape are {len(wrong)}", wrong, ""),
    )
    return [f"{what} ({listed(names, _MOST)}){more}" for what, names, more in told if names]


def _near(strange: list[str], wanted: _Wanted) -> list[str]:
    """The network's last names that share most of their beginning with the first strange one."""
    parts = strange[0].split(".")

    def shared(name: str) -> int:
        return next(
            (at for at, (a, b) in enumerate(zip(parts, name.split("."), strict=False)) if a != b), len(parts)
        )

    most = max(map(shared, wanted.body))
    return [name for name in wanted.body if shared(name) == most and name.endswith("weight")][-2:]


def _misfit(
    network: Network, given: State, source: str, lacks: list[str], others: tuple[str, ...]
) -> EntryUnavailable:
    hint = _SAME_ARCHITECTURE
    if _only_renamed(network, given):
        hint = "All shapes of the network are there under other names: rename them as the network does."
    elif others:
        hint = f"The file has other parts ({listed(others)}): choose one with --weights FILE#{others[0]}."
    return EntryUnavailable(f"{source} does not fit {network.name}: {'; '.join(lacks)}", hint)


def _only_renamed(network: Network, given: State) -> bool:
    """Whether the file holds this network's shapes, and next to nothing else, under other names."""
    wanted = _Wanted(network.module.state_dict(), network.head, frozenset())
    ours = Counter(tuple(wanted.tensors[name].shape) for name in wanted.body)
    theirs = Counter(
        tuple(one.shape) for name, one in given.items() if not name.endswith("num_batches_tracked")
    )
    names = sum(name in given for name in wanted.body)
    return ours <= theirs and (theirs - ours).total() <= _MOST_OF_A_HEAD and names < len(wanted.body) / 2


def _stem(head: Mapping[str, str]) -> str:
    return next((held.rpartition(".")[0] for held in head.values()), "")
